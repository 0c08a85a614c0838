import type { FieldError } from '../../../api/meta/field-error.ts'
import { invalid } from '../../../api/meta/field-error.ts'
import { BASELINE } from './baseline.ts'
import type { Subject, Violation } from './check.ts'
import { REPLACED, RESTRICTED } from './restricted.ts'

export const LEVELS = ['privileged', 'baseline', 'restricted'] as const
export type Level = (typeof LEVELS)[number]

/** A level of the standards as it was in a version of Kubernetes. */
export interface LevelVersion {
  readonly level: Level
  /** `latest`, or `v1.` and a number. */
  readonly version: string
}

/** What a namespace's labels ask for. */
export interface Policy {
  readonly enforce: LevelVersion
  readonly warn: LevelVersion
}

export const shownLevel = ({ level, version }: LevelVersion): string => `${level}:${version}`

/** What of a pod is forbidden at a level; nothing where the pod may be. */
export function violationsOf(subject: Subject, { level, version }: LevelVersion): readonly Violation[] {
  if (level === 'privileged') return []
  const minor = version === 'latest' ? Infinity : Number(version.slice('v1.'.length))
  const baseline = [...BASELINE]
    .filter(([name]) => level === 'baseline' || !REPLACED.has(name))
    .map(([, check]) => check)
  const checks = level === 'baseline' ? baseline : [...baseline, ...RESTRICTED]
  return checks.flatMap((check) => check(subject, minor) ?? [])
}

/** `reason (detail), reason (detail)`. */
export const shownViolations = (violations: readonly Violation[]): string =>
  violations.map(({ reason, detail }) => (detail === '' ? reason : `${reason} (${detail})`)).join(', ')

const PREFIX = 'pod-security.kubernetes.io/'
const PRIVILEGED: LevelVersion = { level: 'privileged', version: 'latest' }

/** Reads a namespace's labels. A wrong level to enforce counts as the strictest, a wrong one to warn of as none. */
export function policyOf(labels: Readonly<Record<string, string>> = {}): Policy {
  const enforce = levelVersion(labels, 'enforce', 'restricted')
  const own = levelVersion(labels, 'warn', 'privileged')
  const named = labels[`${PREFIX}enforce`]
  if (labels[`${PREFIX}warn`] !== undefined || named === undefined || !isLevel(named)) return { enforce, warn: own }
  // Whoever enforces a level is warned of it too, for objects that are not pods.
  const version = labels[`${PREFIX}warn-version`] === undefined ? enforce.version : own.version
  return { enforce, warn: enforce.level === 'privileged' ? own : { level: enforce.level, version } }
}

function levelVersion(labels: Readonly<Record<string, string>>, mode: string, otherwise: Level): LevelVersion {
  const level = labels[PREFIX + mode]
  const version = labels[`${PREFIX}${mode}-version`]
  return {
    level: level === undefined ? PRIVILEGED.level : isLevel(level) ? level : otherwise,
    version: version !== undefined && isVersion(version) ? version : 'latest',
  }
}

const isLevel = (text: string): text is Level => (LEVELS as readonly string[]).includes(text)
const isVersion = (text: string): boolean => text === 'latest' || /^v1\.(0|[1-9]\d*)$/.test(text)

/** What is wrong with a namespace's labels. */
export function policyProblems(labels: Readonly<Record<string, string>> = {}): readonly FieldError[] {
  const field = (name: string) => `metadata.labels[${PREFIX}${name}]`
  return ['enforce', 'audit', 'warn'].flatMap((mode) => {
    const level = labels[PREFIX + mode]
    const version = labels[`${PREFIX}${mode}-version`]
    return [
      ...(level === undefined || isLevel(level)
        ? []
        : [invalid(field(mode), level, `must be one of ${LEVELS.join(', ')}`)]),
      ...(version === undefined || isVersion(version)
        ? []
        : [invalid(field(`${mode}-version`), version, 'must be "latest" or "v1.x"')]),
    ]
  })
}
