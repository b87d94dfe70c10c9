/** A folder whose contents outlive the containers that mount it. All that there is to say of it is its name. */
export type VolumeAttributes = { readonly [key: string]: never }
