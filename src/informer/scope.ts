/** Which objects of a resource an informer follows; all of them where nothing is given. */
export interface InformerScope {
  readonly namespace?: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
}
