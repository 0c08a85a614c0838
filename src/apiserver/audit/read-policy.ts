import { parse } from 'yaml'
import { isJsonObject } from '../../api/draft.ts'
import type { JsonObject } from '../../api/draft.ts'
import { dnsSubdomainProblems } from '../../api/meta/names.ts'
import { LEVELS, STAGES } from './policy.ts'
import type { AuditPolicy } from './policy.ts'

/** A policy that is none: what is wrong with it, each with the field. */
export class AuditPolicyError extends Error {
  override readonly name = 'AuditPolicyError'
}

const GROUP = 'audit.k8s.io/v1'
const POLICY_FIELDS = ['apiVersion', 'kind', 'metadata', 'rules', 'omitStages', 'omitManagedFields']
const LISTS = ['users', 'userGroups', 'verbs', 'namespaces', 'nonResourceURLs', 'omitStages']
const RULE_FIELDS = [...LISTS, 'level', 'resources', 'omitManagedFields']
const GROUP_FIELDS = ['group', 'resources', 'resourceNames']

/**
 * Reads a policy file as Kubernetes does, YAML or JSON. Fields that are not known are told to `warn` and left out; everything else
 * that is wrong throws an {@link AuditPolicyError}.
 */
export function readAuditPolicy(text: string, warn: (field: string) => void): AuditPolicy {
  const policy = asObject(parsed(text), 'the policy')
  if (policy['apiVersion'] !== GROUP || policy['kind'] !== 'Policy') {
    const found = `${String(policy['apiVersion'] ?? '')} ${String(policy['kind'] ?? '')}`.trim()
    throw new AuditPolicyError(`it is ${found === '' ? 'of no kind' : found}, expected ${GROUP} Policy`)
  }
  const unknown = (object: JsonObject, known: readonly string[], at: string) =>
    Object.keys(object).forEach((field) => void (known.includes(field) || warn(`${at}${field}`)))
  unknown(policy, POLICY_FIELDS, '')
  const rules = policy['rules'] ?? []
  if (!Array.isArray(rules) || rules.length === 0) throw new AuditPolicyError('rules is empty, expected at least one')
  const problems = stageProblems(policy['omitStages'], 'omitStages')
  rules.forEach((rule: unknown, i) => {
    const at = `rules[${i}]`
    unknown(asObject(rule, at), RULE_FIELDS, `${at}.`)
    problems.push(...ruleProblems(asObject(rule, at), at))
    listOf((rule as JsonObject)['resources'], `${at}.resources`).forEach((each, j) =>
      unknown(asObject(each, `${at}.resources[${j}]`), GROUP_FIELDS, `${at}.resources[${j}].`),
    )
  })
  if (problems.length > 0) throw new AuditPolicyError(problems.join('; '))
  return policy as unknown as AuditPolicy
}

function parsed(text: string): unknown {
  try {
    return parse(text, { maxAliasCount: 0 })
  } catch (error) {
    throw new AuditPolicyError(`it is no YAML: ${error instanceof Error ? error.message : String(error)}`)
  }
}

function asObject(value: unknown, what: string): JsonObject {
  if (isJsonObject(value)) return value
  throw new AuditPolicyError(`${what} is ${JSON.stringify(value) ?? 'nothing'}, expected an object`)
}

function listOf(value: unknown, at: string): readonly unknown[] {
  if (value === undefined || value === null) return []
  if (Array.isArray(value)) return value
  throw new AuditPolicyError(`${at} is ${JSON.stringify(value)}, expected a list`)
}

function textsOf(value: unknown, at: string): readonly string[] {
  const list = listOf(value, at)
  const wrong = list.findIndex((each) => typeof each !== 'string')
  if (wrong < 0) return list as readonly string[]
  throw new AuditPolicyError(`${at}[${wrong}] is ${JSON.stringify(list[wrong])}, expected a text`)
}

function ruleProblems(rule: JsonObject, at: string): string[] {
  for (const field of LISTS) textsOf(rule[field], `${at}.${field}`)
  const { level, resources, nonResourceURLs, namespaces, omitStages } = rule
  const problems: string[] = []
  if (!LEVELS.includes(level as never)) {
    problems.push(`${at}.level is ${JSON.stringify(level) ?? 'missing'}, expected one of ${LEVELS.join(', ')}`)
  }
  const urls = textsOf(nonResourceURLs, at)
  urls.forEach((url, i) => problems.push(...urlProblems(url, `${at}.nonResourceURLs[${i}]`)))
  const groups = listOf(resources, `${at}.resources`)
  groups.forEach((each, i) => {
    const within = `${at}.resources[${i}]`
    problems.push(...groupProblems(asObject(each, within), within))
  })
  problems.push(...stageProblems(omitStages, `${at}.omitStages`))
  if (urls.length > 0 && (groups.length > 0 || listOf(namespaces, at).length > 0)) {
    problems.push(`${at}.nonResourceURLs: rules cannot apply to both regular resources and non-resource URLs`)
  }
  return problems
}

function urlProblems(url: string, at: string): string[] {
  if (url === '*') return []
  const problems = url.startsWith('/') ? [] : [`${at}: non-resource URL rules must begin with a '/' character`]
  if (!url.slice(0, -1).includes('*')) return problems
  return [...problems, `${at}: non-resource URL wildcards '*' must be the final character of the rule`]
}

function groupProblems(resources: JsonObject, at: string): string[] {
  const { group = '' } = resources
  if (typeof group !== 'string') return [`${at}.group is ${JSON.stringify(group)}, expected a text`]
  const names = textsOf(resources['resourceNames'], `${at}.resourceNames`)
  const problems = group === '' ? [] : dnsSubdomainProblems(group).map((each) => `${at}.group "${group}": ${each}`)
  if (names.length > 0 && textsOf(resources['resources'], `${at}.resources`).length === 0) {
    problems.push(`${at}.resourceNames: using resourceNames requires at least one resource`)
  }
  return problems
}

function stageProblems(stages: unknown, at: string): string[] {
  return textsOf(stages, at).flatMap((stage, i) =>
    STAGES.includes(stage as never) ? [] : [`${at}[${i}] is "${stage}", allowed stages are ${STAGES.join(',')}`],
  )
}
