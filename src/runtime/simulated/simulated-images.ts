const REGISTRIES = new Set([
  'docker.io',
  'registry.k8s.io',
  'quay.io',
  'ghcr.io',
  'gcr.io',
  'k8s.gcr.io',
  'mcr.microsoft.com',
])

/**
 * Whether a simulated node can pull the image: those of the well-known registries are there, except where the name says
 * `non-existent` or `nonexistent`, or the tag is `404`.
 */
export function hasSimulatedImage(image: string): boolean {
  if (/non-?existent/.test(image) || image.endsWith(':404')) return false
  const first = image.split('/')[0] ?? ''
  const namesRegistry = image.includes('/') && /[.:]|^localhost$/.test(first)
  return !namesRegistry || [...REGISTRIES].some((known) => first === known || first.endsWith(`.${known}`))
}
