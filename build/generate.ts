import { generateDriftDocument } from "./drift-document.ts"
import { generateSchema } from "./schema.ts"
import { generateValidator } from "./validator.ts"

generateSchema()
generateDriftDocument()
generateValidator()
