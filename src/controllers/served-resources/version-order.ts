/**
 * Kubernetes' order of versions, preferred first: stable before beta before alpha, higher numbers first, then all other
 * names by the alphabet.
 */
export function compareVersions(a: string, b: string): number {
  const left = rankOf(a)
  const right = rankOf(b)
  if (left === undefined || right === undefined) {
    return Number(left === undefined) - Number(right === undefined) || a.localeCompare(b)
  }
  return right.stability - left.stability || right.major - left.major || right.minor - left.minor
}

function rankOf(version: string): { stability: number; major: number; minor: number } | undefined {
  const match = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version)
  if (match === null) return undefined
  const stability = match[2] === undefined ? 2 : match[2] === 'beta' ? 1 : 0
  return { stability, major: Number(match[1]), minor: Number(match[3] ?? 0) }
}
