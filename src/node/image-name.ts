/** A repository's components and the tag and digest after them, by the grammar of `distribution/reference`. */
const COMPONENT = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*'
const LABEL = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])'
const DOMAIN = `(?:${LABEL}(?:\\.${LABEL})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`
const DIGEST = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}'
const REFERENCE = new RegExp(
  `^((?:${DOMAIN}/)?${COMPONENT}(?:/${COMPONENT})*)(?::[\\w][\\w.-]{0,127})?(?:@${DIGEST})?$`,
)
const LONGEST_NAME = 255

/** Why `image` is no image's name, in the words of the kubelet; undefined where it is one. */
export function invalidImageName(image: string): string | undefined {
  const why = faultOf(image)
  return why === undefined
    ? undefined
    : `Failed to apply default image tag "${image}": couldn't parse image name "${image}": ${why}`
}

function faultOf(image: string): string | undefined {
  if (/^[a-f0-9]{64}$/.test(image)) {
    return `invalid repository name (${image}), cannot specify 64-byte hexadecimal strings`
  }
  const { domain, path } = split(image)
  const repository = path.split(':')[0] ?? ''
  if (repository.toLowerCase() !== repository) {
    return `invalid reference format: repository name (${repository}) must be lowercase`
  }
  const name = REFERENCE.exec(`${domain}/${path}`)?.[1]
  if (name === undefined) return 'invalid reference format'
  return name.length > LONGEST_NAME ? `repository name must not be more than ${LONGEST_NAME} characters` : undefined
}

/** What stands before the first slash is a registry where it looks like a host; all else is Docker's own. */
function split(image: string): { readonly domain: string; readonly path: string } {
  const slash = image.indexOf('/')
  const first = image.slice(0, Math.max(0, slash))
  const isHost = /[.:]/.test(first) || first === 'localhost' || first.toLowerCase() !== first
  if (slash >= 0 && isHost) return { domain: first, path: image.slice(slash + 1) }
  return { domain: 'docker.io', path: slash < 0 ? `library/${image}` : image }
}
