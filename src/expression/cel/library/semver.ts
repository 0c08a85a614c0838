import type { Library } from '../functions.ts'
import { EvaluationError, Opaque } from '../values.ts'

interface Version {
  readonly numbers: readonly [major: bigint, minor: bigint, patch: bigint]
  readonly prerelease: readonly string[]
  readonly build: string
}

type Value = Opaque<Version>

/** Semantic versions, as Kubernetes' expressions compare them. */
export const SEMVER: Library = {
  'semver(string) kubernetes.Semver': (text: string) => made(read(text)),
  'semver(string, bool) kubernetes.Semver': (text: string, loose: boolean) =>
    made(read(loose ? normalized(text) : text)),
  'isSemver(string) bool': (text: string) => parse(text) !== undefined,
  'isSemver(string, bool) bool': (text: string, loose: boolean) => parse(loose ? normalized(text) : text) !== undefined,
  'kubernetes.Semver::isGreaterThan(kubernetes.Semver) bool': (a: Value, b: Value) => compare(a.value, b.value) > 0,
  'kubernetes.Semver::isLessThan(kubernetes.Semver) bool': (a: Value, b: Value) => compare(a.value, b.value) < 0,
  'kubernetes.Semver::compareTo(kubernetes.Semver) int': (a: Value, b: Value) => BigInt(compare(a.value, b.value)),
  'kubernetes.Semver::major() int': ({ value }: Value) => value.numbers[0],
  'kubernetes.Semver::minor() int': ({ value }: Value) => value.numbers[1],
  'kubernetes.Semver::patch() int': ({ value }: Value) => value.numbers[2],
}

/** What is built differently is equal all the same. */
const made = (value: Version): Value =>
  new Opaque('kubernetes.Semver', value, `${value.numbers.join('.')}-${value.prerelease.join('.')}`)

const NUMBER = '(0|[1-9]\\d*)'
const PATTERN = new RegExp(
  `^${NUMBER}\\.${NUMBER}\\.${NUMBER}(?:-((?:0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\\.(?:0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?(?:\\+([0-9a-zA-Z-]+(?:\\.[0-9a-zA-Z-]+)*))?$`,
)

function parse(text: string): Version | undefined {
  const match = PATTERN.exec(text)
  if (match === null) return undefined
  const [, major = '0', minor = '0', patch = '0', prerelease = '', build = ''] = match
  const numbers = [BigInt(major), BigInt(minor), BigInt(patch)] as const
  return { numbers, prerelease: prerelease === '' ? [] : prerelease.split('.'), build }
}

function read(text: string): Version {
  const found = parse(text)
  if (found !== undefined) return found
  throw new EvaluationError(text === '' ? 'Version string empty' : 'No Major.Minor.Patch elements found')
}

/** A leading `v`, missing minor and patch numbers and leading zeros are forgiven. */
function normalized(text: string): string {
  const [, head = '', tail = ''] = /^v?([^-+]*)(.*)$/s.exec(text) ?? []
  const parts = head.split('.')
  while (parts.length < 3) parts.push('0')
  return parts.map((one) => one.replace(/^0+(?=\d)/, '')).join('.') + tail
}

function compare(a: Version, b: Version): -1 | 0 | 1 {
  for (let i = 0; i < 3; i++) {
    const [left, right] = [a.numbers[i] ?? 0n, b.numbers[i] ?? 0n]
    if (left !== right) return left < right ? -1 : 1
  }
  if (a.prerelease.length === 0 || b.prerelease.length === 0) {
    return a.prerelease.length === b.prerelease.length ? 0 : a.prerelease.length === 0 ? 1 : -1
  }
  for (let i = 0; i < Math.min(a.prerelease.length, b.prerelease.length); i++) {
    const order = comparePart(a.prerelease[i] ?? '', b.prerelease[i] ?? '')
    if (order !== 0) return order
  }
  return a.prerelease.length < b.prerelease.length ? -1 : a.prerelease.length > b.prerelease.length ? 1 : 0
}

function comparePart(a: string, b: string): -1 | 0 | 1 {
  const [left, right] = [a, b].map((one) => /^\d+$/.test(one))
  if (left === true && right === true) return BigInt(a) < BigInt(b) ? -1 : BigInt(a) > BigInt(b) ? 1 : 0
  if (left !== right) return left === true ? -1 : 1
  return a < b ? -1 : a > b ? 1 : 0
}
