import type { KindRows } from "./row.ts"

export const imageRows: KindRows = {
  kind: "image",
  attributes: [
    {
      attribute: "digest",
      read: "`refs/` and `images/` in `/var/lib/stack/images`, and the layers that they name",
      hands: [],
      never: "an image is what its digest says; one of which a layer is gone is no image, and unpacked again",
    },
  ],
}
