/** ip(8) has no word for "the link of this index": `if5` is what it prints for a link in another namespace. */
export function device(link: number | string): string {
  return typeof link === "number" ? `if${link}` : link
}

export function option(word: string, value: number | string | undefined): string | undefined {
  return value === undefined ? undefined : `${word} ${value}`
}
