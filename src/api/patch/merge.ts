/** RFC 7386: null removes, objects merge, all else replaces. Gives a new value; neither argument is changed. */
export function applyMergePatch(target: unknown, patch: unknown): unknown {
  void [target, patch]
  throw new Error('not built yet')
}
