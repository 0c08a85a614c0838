/** Keeps a pod's volumes as the API says: config maps, secrets, the pod's own fields, tokens before they expire. */
export interface Freshness {
  /** The pod's object has changed. */
  podChanged(): void
  stop(): void
}
