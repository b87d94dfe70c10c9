/** What quotes of JSON's leave as it is, and a terminal would obey: C1, and marks that turn the direction of writing. */
const RISKY = /[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g

export function isRisky(text: string): boolean {
  return text.search(RISKY) >= 0
}

/** As the escape that JSON and YAML share: for a text in which it stands within "quotes" alone. */
export function escapeRisky(text: string): string {
  return text.replace(RISKY, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`)
}
