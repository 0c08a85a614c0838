/** `io.k8s.api.core.v1.Pod` lies in module `core-v1`; definitions of the machinery in `meta-v1` and `runtime`. */
export function moduleOf(definition: string): string {
  const parts = definition.split('.')
  const version = parts.at(-2) ?? ''
  if (!/^v\d/.test(version)) return version
  return `${parts.at(-3)}-${version}`
}

/** The last part of a definition's name: `Pod`. */
export function typeNameOf(definition: string): string {
  return definition.split('.').at(-1) ?? definition
}

/** `PodTemplate`, `podtemplates` -> `podTemplates`: the plural with the capitals of its kind. */
export function camelPlural(kind: string, plural: string): string {
  let result = ''
  for (let i = 0; i < plural.length; i++) {
    const same = kind[i]?.toLowerCase() === plural[i]
    result += same ? kind[i] : plural[i]
  }
  const acronym = /^[A-Z]+(?=[A-Z][a-z])|^[A-Z]+$|^[A-Z]/.exec(result)?.[0] ?? ''
  return acronym.toLowerCase() + result.slice(acronym.length)
}
