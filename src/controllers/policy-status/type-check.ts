import type { ExpressionWarning, ValidatingAdmissionPolicy } from '../../api/generated/admissionregistration-v1.ts'
import type { ResourceType } from '../../api/resource-type.ts'
import { ADMISSION_VARIABLES, NAMESPACE_VARIABLE, PARAMS_VARIABLE } from '../../expression/cel/admission-types.ts'
import type { CelType, ObjectField } from '../../expression/cel/cel-type.ts'
import { DYN } from '../../expression/cel/cel-type.ts'
import { compile } from '../../expression/cel/environment.ts'

type Spec = NonNullable<ValidatingAdmissionPolicy['spec']>

/** What the check has to know of the cluster: its resources, and what expressions see of their objects. */
export interface KnownTypes {
  readonly resources: readonly ResourceType[]
  /** Undefined where there is no schema. */
  typeOf(resource: ResourceType): CelType | undefined
}

/** How many kinds a policy is checked against at most. */
const MOST_KINDS = 10

/**
 * What is wrong with a policy's expressions where they are given objects of the kinds that it names, in the words of
 * Kubernetes' controller: to be told, and to stop nothing.
 */
export function checkTypes({ spec = {} }: ValidatingAdmissionPolicy, known: KnownTypes): readonly ExpressionWarning[] {
  const kinds = kindsOf(spec, known.resources).flatMap((resource) => {
    const type = known.typeOf(resource)
    return type === undefined ? [] : [{ resource, type }]
  })
  const params = paramsOf(spec, known)
  const check = (expression: string): string =>
    kinds
      .flatMap(({ resource, type }) => {
        const why = problemOf(expression, variablesOf(spec, type, params))
        const { group, version, kind } = resource
        return why === undefined ? [] : [`${group}/${version}, Kind=${kind}: ${why}\n`]
      })
      .join('\n')
  return (spec.validations ?? []).flatMap(({ expression, messageExpression = '' }, i) => {
    const at = `spec.validations[${i}]`
    const own = { fieldRef: `${at}.expression`, warning: check(expression) }
    const spoken = {
      fieldRef: `${at}.messageExpression`,
      warning: messageExpression === '' ? '' : check(messageExpression),
    }
    return [own, spoken].filter(({ warning }) => warning !== '')
  })
}

/** The kinds that the rules name outright, in order; a rule with a wildcard names none. */
function kindsOf({ matchConstraints }: Spec, resources: readonly ResourceType[]): readonly ResourceType[] {
  const found = new Map<string, ResourceType>()
  for (const { apiGroups = [], apiVersions = [], resources: plurals = [] } of matchConstraints?.resourceRules ?? []) {
    if ([...apiGroups, ...apiVersions].some((one) => one.includes('*'))) continue
    const named = resources.filter(
      ({ group, version, plural }) =>
        apiGroups.includes(group) && apiVersions.includes(version) && plurals.includes(plural),
    )
    for (const one of named.slice(0, MOST_KINDS)) found.set(`${one.group} ${one.version} ${one.kind}`, one)
  }
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one)
}

function paramsOf({ paramKind }: Spec, { resources, typeOf }: KnownTypes): CelType | undefined {
  if (paramKind === undefined) return undefined
  const { apiVersion = '', kind } = paramKind
  const found = resources.find(
    (one) => one.kind === kind && (one.group === '' ? one.version : `${one.group}/${one.version}`) === apiVersion,
  )
  return found && typeOf(found)
}

function variablesOf(spec: Spec, object: CelType, params: CelType | undefined): ReadonlyMap<string, CelType> {
  const types = new Map([...ADMISSION_VARIABLES, NAMESPACE_VARIABLE])
  types.set('object', object).set('oldObject', object)
  if (spec.paramKind !== undefined) types.set(PARAMS_VARIABLE[0], params ?? PARAMS_VARIABLE[1])
  const fields = new Map<string, ObjectField>()
  types.set('variables', { kind: 'object', name: 'kubernetes.variables', fields })
  for (const { name, expression } of spec.variables ?? []) {
    fields.set(name, { json: name, type: outputOf(expression, types) })
  }
  return types
}

function outputOf(expression: string, types: ReadonlyMap<string, CelType>): CelType {
  try {
    return compile(expression, types).type
  } catch {
    return DYN
  }
}

function problemOf(expression: string, types: ReadonlyMap<string, CelType>): string | undefined {
  try {
    compile(expression, types)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
