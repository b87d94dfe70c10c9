import type { KindRows } from "./row.ts"
import { ITSELF } from "./row.ts"

export const volumeRows: KindRows = {
  kind: "volume",
  attributes: [
    {
      attribute: ITSELF,
      read: "the folder `/var/lib/stack/volumes/STACK/NAME`",
      hands: [{ by: "rmdir /var/lib/stack/volumes/lab/spare", shows: { "volume.spare": "gone" } }],
    },
  ],
}
