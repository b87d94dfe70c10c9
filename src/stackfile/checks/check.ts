import type { Draft } from "../resolve.ts"

/** All that the schema cannot see. Each check reports what it finds; none depends on another. */
export function check(_draft: Draft): void {}
