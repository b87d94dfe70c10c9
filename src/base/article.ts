/** `a bridge`, `an interface`; also `a user`, `a uts namespace`: no word here that begins with u sounds like a vowel. */
export function withArticle(word: string): string {
  return `${/^[aeio]/.test(word) ? "an" : "a"} ${word}`
}
