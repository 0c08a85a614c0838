/**
 * RFC 6902, with Kubernetes' answers: BadRequest where the patch cannot be read, Invalid (422) where it does not apply.
 */
export function applyJsonPatch(target: unknown, patch: unknown): unknown {
  void [target, patch]
  throw new Error('not built yet')
}
