import type { KubeObject } from '../../api/object.ts'
import { matchesFields, parseFieldSelector } from '../../api/meta/field-selector.ts'
import type { FieldSelector } from '../../api/meta/field-selector.ts'
import { matchesLabels, parseLabelSelector } from '../../api/meta/label-selector.ts'
import type { ServedResource } from './served-resource.ts'

/** Which objects a list or watch is about: both selectors together. */
export interface Selection {
  /** Whether it is about all of them. */
  readonly all: boolean
  /** Set where only an object of that name can match. */
  readonly name: string | undefined
  /** Set where only pods of that node can match. */
  readonly node: string | undefined
  /** Whether it goes by more than metadata: an object that is stored in another version must be converted first. */
  readonly isByContent: boolean
  matches(object: KubeObject): boolean
}

const EVERYTHING: Selection = { all: true, name: undefined, node: undefined, isByContent: false, matches: () => true }

/** Reads the selectors of a request; throws a BadRequest in Kubernetes' words. */
export function parseSelection(
  resource: ServedResource,
  options: { readonly labelSelector?: string; readonly fieldSelector?: string },
): Selection {
  const { labelSelector, fieldSelector } = options
  if (!labelSelector && !fieldSelector) return EVERYTHING
  const labels = labelSelector ? parseLabelSelector(labelSelector) : []
  const fields = fieldSelector ? parseFieldSelector(resource.type, fieldSelector, selectableFields(resource)) : []
  if (labels.length === 0 && fields.length === 0) return EVERYTHING
  return {
    all: false,
    name: valueOf(fields, 'metadata.name'),
    node: resource.storage === 'pods' ? valueOf(fields, 'spec.nodeName') : undefined,
    isByContent: fields.some(({ field }) => !field.startsWith('metadata.')),
    matches: (object) => matchesLabels(labels, object.metadata.labels) && matchesFields(resource.type, fields, object),
  }
}

/**
 * What authorization is told of a selection by fields: the requirements, and the only name that a list or watch is about, since by
 * Kubernetes' rule whoever may see one object by its name may list and watch it so. Nothing of what makes no sense.
 */
export function selectedFields(
  resource: ServedResource,
  { fieldSelector: text }: { readonly fieldSelector?: string },
): { readonly name?: string; readonly fieldSelector?: FieldSelector } {
  if (!text) return {}
  try {
    const fieldSelector = parseFieldSelector(resource.type, text, selectableFields(resource))
    const name = valueOf(fieldSelector, 'metadata.name')
    return { fieldSelector, ...(name !== undefined && name !== '' && { name }) }
  } catch {
    return {}
  }
}

function valueOf(fields: FieldSelector, field: string): string | undefined {
  return fields.find((one) => one.field === field && one.equals)?.value
}

interface Definition extends KubeObject {
  readonly spec?: {
    readonly versions?: readonly {
      readonly name: string
      readonly selectableFields?: readonly { readonly jsonPath: string }[]
    }[]
  }
}

/** The fields by which a custom resource's definition lets its objects be selected. */
function selectableFields(resource: ServedResource): readonly string[] {
  const definition = resource.definition as Definition | undefined
  const version = definition?.spec?.versions?.find((one) => one.name === resource.type.version)
  return version?.selectableFields?.map((one) => one.jsonPath.replace(/^\./, '')) ?? []
}
