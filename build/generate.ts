import { generateDriftDocument } from "./drift-document.ts"
import { generateSchema } from "./schema.ts"
import { generateStackfileDocument } from "./stackfile-document.ts"
import { generateValidator } from "./validator.ts"

generateSchema()
generateDriftDocument()
generateStackfileDocument()
generateValidator()
