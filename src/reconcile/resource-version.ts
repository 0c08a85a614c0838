/**
 * Whether revision `a` is `b` or later. Resource versions are decimal numbers of one resource's history (Kubernetes
 * promises that they may be compared since 1.35); they may exceed what a double holds, so they are compared as text.
 */
export function isAtLeast(a: string, b: string): boolean {
  return a.length === b.length ? a >= b : a.length > b.length
}
