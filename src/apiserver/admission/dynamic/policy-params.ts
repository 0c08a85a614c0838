import type {
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
} from '../../../api/generated/admissionregistration-v1.ts'
import { fromLabelSelector, matchesLabels } from '../../../api/meta/label-selector.ts'
import type { KubeObject } from '../../../api/object.ts'
import { toServed } from '../../verbs/conversion.ts'
import type { ServedResource } from '../../verbs/served-resource.ts'
import type { AdmissionRequest } from '../admission.ts'
import type { DynamicContext } from './registrations.ts'

/** The objects that a binding gives its policy as `params`, null where it takes none; a text where it is set up wrongly. */
export function paramsOf(
  { catalog }: DynamicContext,
  request: AdmissionRequest,
  { spec }: ValidatingAdmissionPolicy,
  binding: ValidatingAdmissionPolicyBinding,
): readonly (KubeObject | null)[] | string {
  const paramKind = spec?.paramKind
  const ref = binding.spec?.paramRef
  if (paramKind === undefined || ref === undefined) return [null]
  const { apiVersion = '', kind = '' } = paramKind
  const slash = apiVersion.indexOf('/')
  const found = catalog.findKind(apiVersion.slice(0, Math.max(0, slash)), apiVersion.slice(slash + 1), kind)
  if (found === undefined) return `paramKind kind \`${apiVersion}, Kind=${kind}\` not known`
  const { name = '', selector } = ref
  const namespace = ref.namespace ?? request.namespace
  if (ref.namespace !== undefined && !found.type.namespaced) {
    return 'paramRef.namespace must not be provided for a cluster-scoped `paramKind`'
  }
  if (found.type.namespaced && namespace === undefined) {
    return 'cannot use namespaced paramRef in policy binding that matches cluster-scoped resources'
  }
  if (name !== '' && selector !== undefined) return 'paramRef.name and paramRef.selector are mutually exclusive'
  if (name === '' && selector === undefined) return 'one of name or selector must be provided'
  const params = chosen(request, found, found.type.namespaced ? `${namespace ?? ''}/` : '', name, selector)
  if (params.length > 0) return params
  return ref.parameterNotFoundAction === 'Allow'
    ? []
    : 'no params found for policy binding with `Deny` parameterNotFoundAction'
}

type Selector = NonNullable<NonNullable<ValidatingAdmissionPolicyBinding['spec']>['paramRef']>['selector']

function chosen(
  { head }: AdmissionRequest,
  kind: ServedResource,
  prefix: string,
  name: string,
  selector: Selector,
): readonly KubeObject[] {
  if (name !== '') {
    const entry = head.get(kind.storage, prefix + name)
    return entry === undefined ? [] : [toServed(kind, entry.object)]
  }
  const requirements = fromLabelSelector(selector) ?? []
  return [...head.list(kind.storage, prefix === '' ? {} : { prefix })]
    .filter(({ object }) => matchesLabels(requirements, object.metadata.labels))
    .map(({ object }) => toServed(kind, object))
}
