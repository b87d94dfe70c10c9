import type { Link } from "../../kernel/kernel.ts"

/** The name that the file wants for a link which is called otherwise, and so besides: an apply takes it off for that, and an undo gives it back. */
export function altnameOf({ name, altnames }: Link, wanted: unknown): string | undefined {
  return typeof wanted === "string" && name !== wanted && altnames?.includes(wanted) ? wanted : undefined
}
