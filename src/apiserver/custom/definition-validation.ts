import { semanticallyEqual } from '../../api/meta/equal.ts'
import type { FieldError } from '../../api/meta/field-error.ts'
import { invalid, notSupported, required } from '../../api/meta/field-error.ts'
import { dns1035LabelProblems, dnsSubdomainProblems } from '../../api/meta/names.ts'
import type { KubeObject } from '../../api/object.ts'
import { validateDefinitionNames, validateDefinitionStatus } from '../../api/validation/definition-names.ts'
import { unlessSame } from '../../api/validation/object-meta.ts'
import { hasKnownVersion, isBundle, validateConversion } from './definition-conversion.ts'
import type { Conversion } from './definition-conversion.ts'
import { versionsForm } from './definition-form.ts'
import { validateColumns, validateSelectable, validateSubresources } from './definition-parts.ts'
import type { VersionParts } from './definition-parts.ts'
import { validateDefinitionSchema } from './definition-schema.ts'
import { isTrue } from './definition-status.ts'
import type { Definition, JsonSchema } from './json-schema.ts'

interface Version extends VersionParts {
  readonly name: string
  readonly storage?: boolean
  readonly schema?: { readonly openAPIV3Schema?: JsonSchema }
  readonly deprecated?: boolean
  readonly deprecationWarning?: string
}

const PARTS = ['schema', 'subresources', 'additionalPrinterColumns', 'selectableFields'] as const
type Part = (typeof PARTS)[number]

/** A definition as Kubernetes looks at it: what all versions have alike is the definition's own. */
interface Inner {
  readonly versions: readonly Version[]
  readonly shared: Version
}

/** What is wrong with a definition but for its metadata, in Kubernetes' order; `old` is what it is to replace. */
export function validateDefinition(object: KubeObject, old?: KubeObject): readonly FieldError[] {
  const [definition, before] = [object as Definition, old as Definition | undefined]
  return [
    ...nameErrors(definition),
    ...specErrors(definition, before),
    ...(before === undefined ? [] : changeErrors(definition, before)),
    ...validateDefinitionStatus(definition as never),
    ...storedErrors(definition),
    ...approvalErrors(definition, before),
    ...(before?.spec.preserveUnknownFields === true ? [] : preserveErrors(definition)),
  ]
}

/** A name follows from the others; it is looked at where the metadata's own rule is. */
function nameErrors({ metadata, spec }: Definition): FieldError[] {
  const wanted = `${spec.names.plural}.${spec.group}`
  const detail = 'must be spec.names.plural+"."+spec.group'
  return (['generateName', 'name'] as const).flatMap((field) => {
    const value = metadata[field] ?? ''
    return value === '' || value === wanted ? [] : [invalid(`metadata.${field}`, value, detail)]
  })
}

function specErrors(definition: Definition, old: Definition | undefined): FieldError[] {
  const { spec } = definition
  const all = (spec.versions ?? []) as readonly Version[]
  const inner = hoisted(all)
  const { shared, versions } = inner
  const errors = [...groupErrors(spec.group), ...scopeErrors(spec.scope)]
  if (shared.schema?.openAPIV3Schema === undefined) {
    versions.forEach(({ schema }, i) => {
      if (schema?.openAPIV3Schema !== undefined) return
      errors.push(required(`spec.versions[${i}].schema.openAPIV3Schema`))
    })
  }
  const isKept = keptSchemas(all, old)
  const statuses = all.map(({ subresources }) => subresources?.status !== undefined)
  versions.forEach((version, i) => {
    const problems = dns1035LabelProblems(version.name)
    const at = `spec.versions[${i}]`
    if (problems.length > 0) errors.push(invalid(`${at}.name`, version.name, problems.join(',')))
    errors.push(...deprecationErrors(version, `${at}.deprecationWarning`))
    const options = { hasStatus: statuses[i] === true, isKept: isKept(version.name) }
    errors.push(...partErrors(version, `${at}.`, 'schema', options))
  })
  const names = versions.map(({ name }) => name)
  const shown = versionsForm(spec.versions === undefined || spec.versions === null ? undefined : versions)
  if (new Set(names).size < names.length) {
    errors.push(invalid('spec.versions', shown, 'must contain unique version names'))
  }
  if (versions.filter(({ storage }) => storage === true).length !== 1) {
    errors.push(invalid('spec.versions', shown, 'must have exactly one version marked as storage version'))
  }
  errors.push(...firstVersionErrors(names[0]), ...requiredNames(spec.names))
  errors.push(...validateDefinitionNames(spec.names, 'spec.names'))
  const options = { hasStatus: statuses.includes(true), isKept: isKept(names[0] ?? '') }
  errors.push(...partErrors(shared, 'spec.', 'validation', options))
  return [...errors, ...conversionErrors(definition, old)]
}

/** What is alike in all versions is taken from each; a definition of one version has all its parts so. */
function hoisted(all: readonly Version[]): Inner {
  const shared: Record<string, unknown> = {}
  const alike = PARTS.filter((part: Part) => all.every((one) => semanticallyEqual(one[part], all[0]?.[part])))
  for (const part of alike) if (all[0]?.[part] !== undefined) shared[part] = all[0][part]
  const versions = all.map(
    (one) =>
      Object.fromEntries(Object.entries(one).filter(([key]) => !alike.includes(key as Part))) as unknown as Version,
  )
  return { versions, shared: { name: '', ...shared } }
}

/** Whether a version's schema is as it was: then it may cost what it did. */
function keptSchemas(versions: readonly Version[], old: Definition | undefined) {
  const before = (old?.spec.versions ?? []) as readonly Version[]
  const schemaOf = (list: readonly Version[], name: string) => list.find((one) => one.name === name)
  return (name: string): boolean => {
    const was = schemaOf(before, name)
    return was !== undefined && semanticallyEqual(was.schema, schemaOf(versions, name)?.schema)
  }
}

type Looks = Parameters<typeof validateDefinitionSchema>[2]

function partErrors(version: Version, prefix: string, name: string, options: Looks): FieldError[] {
  const { schema, subresources, additionalPrinterColumns, selectableFields } = version
  const inner = schema?.openAPIV3Schema
  const errors = inner === undefined ? [] : validateDefinitionSchema(inner, `${prefix}${name}.openAPIV3Schema`, options)
  errors.push(...validateSubresources(subresources, `${prefix}subresources`))
  errors.push(...validateColumns(additionalPrinterColumns, `${prefix}additionalPrinterColumns`))
  if ((selectableFields ?? []).length === 0) return errors
  const at = `${prefix}selectableFields`
  if (inner !== undefined) return [...errors, ...validateSelectable(selectableFields, inner, at)]
  const detail =
    name === 'schema'
      ? 'may only be set when `version.schema.openAPIV3Schema` is not included'
      : 'may only be set when validations.schema is included'
  return [...errors, invalid(at, '', detail)]
}

function groupErrors(group = ''): FieldError[] {
  if (group === '') return [required('spec.group')]
  const problems = dnsSubdomainProblems(group)
  if (problems.length > 0) return [invalid('spec.group', group, problems.join(','))]
  return group.includes('.') ? [] : [invalid('spec.group', group, 'should be a domain with at least one dot')]
}

function scopeErrors(scope: string = ''): FieldError[] {
  const scopes = ['Cluster', 'Namespaced']
  if (scope === '') return [required('spec.scope')]
  return scopes.includes(scope) ? [] : [notSupported('spec.scope', scope, scopes)]
}

const LONGEST_WARNING = 256

function deprecationErrors({ deprecated, deprecationWarning: warning }: Version, path: string): FieldError[] {
  if (warning === undefined) return []
  const refuse = (detail: string) => invalid(path, warning, detail)
  if (deprecated !== true) return [refuse('can only be set for deprecated versions')]
  const errors: FieldError[] = []
  if (Buffer.byteLength(warning) > LONGEST_WARNING) errors.push(refuse('must be <= 256 characters long'))
  if (warning === '') errors.push(refuse('must not be an empty string'))
  const odd = /[^\P{C}]|[^\S ]/u.exec(warning)
  if (odd === null) return errors
  const at = Buffer.byteLength(warning.slice(0, odd.index))
  const detail = `must only contain printable UTF-8 characters; non-printable character found at index ${at}`
  return [...errors, refuse(detail)]
}

/** The first version is the one that clients of earlier days know. */
function firstVersionErrors(name = ''): FieldError[] {
  const problems = name === '' ? [] : dns1035LabelProblems(name)
  return problems.length === 0 ? [] : [invalid('spec.version', name, problems.join(','))]
}

const requiredNames = (names: Definition['spec']['names']): FieldError[] =>
  (['plural', 'singular', 'kind', 'listKind'] as const)
    .filter((field) => !names[field])
    .map((field) => required(`spec.names.${field}`))

function conversionErrors({ spec }: Definition, old: Definition | undefined): FieldError[] {
  const conversion = spec.conversion as Conversion | undefined
  if (conversion === undefined) return []
  const before = old?.spec.conversion as Conversion | undefined
  const versions = before?.webhook?.conversionReviewVersions ?? []
  const bundle = before?.webhook?.clientConfig?.caBundle ?? ''
  const errors: FieldError[] = []
  if (spec.preserveUnknownFields === true && conversion.strategy !== 'None') {
    const detail = 'must be None if spec.preserveUnknownFields is true'
    errors.push(invalid('spec.conversion.strategy', conversion.strategy ?? '', detail))
  }
  const isServed = old !== undefined && isTrue(old, 'Established')
  const checksBundle = isServed && (bundle === '' || isBundle(bundle))
  const knowsVersion = versions.length === 0 || hasKnownVersion(versions)
  return [...errors, ...validateConversion(conversion, { checksBundle, knowsVersion })]
}

/** Once served, a kind keeps its name and its scope. */
function changeErrors({ spec }: Definition, old: Definition): FieldError[] {
  const served = [
    ...unlessSame('spec.scope', spec.scope, old.spec.scope),
    ...unlessSame('spec.names.kind', spec.names.kind, old.spec.names.kind),
  ]
  return [
    ...(isTrue(old, 'Established') ? served : []),
    ...unlessSame('spec.group', spec.group, old.spec.group),
    ...unlessSame('spec.names.plural', spec.names.plural, old.spec.names.plural),
  ]
}

/** Versions that objects may be stored in stay, the one that is stored now among them. */
function storedErrors({ spec, status }: Definition): FieldError[] {
  const path = 'status.storedVersions'
  const storage = spec.versions?.find((version) => version.storage)?.name
  const known = status?.storedVersions ?? []
  const stored = storage === undefined || known.includes(storage) ? known : [...known, storage]
  if (stored.length === 0) return [invalid(path, null, 'must have at least one stored version')]
  const names = (spec.versions ?? []).map(({ name }) => name)
  return stored.flatMap((name, i) => {
    if (names.includes(name)) return []
    const detail = `missing from spec.versions; ${name} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in ${name} and removes ${name} from status.storedVersions`
    return [invalid(`${path}[${i}]`, name, detail)]
  })
}

const APPROVED = 'api-approved.kubernetes.io'

/** Groups of Kubernetes' own are for kinds that were approved, or say that they were not. */
function approvalErrors({ metadata, spec }: Definition, old: Definition | undefined): FieldError[] {
  if (!/(^|\.)(k8s|kubernetes)\.io$/.test(spec.group ?? '')) return []
  const approval = metadata.annotations?.[APPROVED] ?? ''
  const state = approvalState(approval)
  if (old !== undefined && approvalState(old.metadata.annotations?.[APPROVED] ?? '') === state) return []
  const field = `metadata.annotations[${APPROVED}]`
  const protectedGroups = `protected groups must have approval annotation ${JSON.stringify(APPROVED)}`
  const see = 'see https://github.com/kubernetes/enhancements/pull/1111'
  if (state === 'missing') return [required(field, `${protectedGroups}, ${see}`)]
  if (state !== 'invalid') return []
  const wanted = 'with either a URL or a reason starting with "unapproved"'
  return [invalid(field, approval, `${protectedGroups} ${wanted}, ${see}`)]
}

function approvalState(text: string): 'missing' | 'bypassed' | 'approved' | 'invalid' {
  if (text === '') return 'missing'
  if (text.startsWith('unapproved')) return 'bypassed'
  return URL.canParse(text) ? 'approved' : 'invalid'
}

function preserveErrors({ spec }: Definition): FieldError[] {
  if (spec.preserveUnknownFields !== true) return []
  const detail =
    'cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead'
  const errors = [invalid('spec.preserveUnknownFields', true, detail)]
  const versions = spec.versions as readonly Version[] | undefined
  const hasDefaults = versions?.some(({ schema }) => JSON.stringify(schema ?? {}).includes('"default":')) === true
  if (!hasDefaults) return errors
  const inUse = 'must be false in order to use defaults in the schema'
  return [...errors, invalid('spec.preserveUnknownFields', true, inUse)]
}
