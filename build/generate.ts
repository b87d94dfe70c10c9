import { generateSchema } from "./schema.ts"
import { generateValidator } from "./validator.ts"

generateSchema()
generateValidator()
