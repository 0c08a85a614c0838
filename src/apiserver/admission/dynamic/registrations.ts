import type { Environment } from '../../../env/environment.ts'
import type { Authorizer } from '../../verbs/authorizer.ts'
import type { Catalog } from '../../verbs/served-resource.ts'

/** What dynamic admission works with. */
export interface DynamicContext {
  readonly catalog: Catalog
  readonly authorizer: Authorizer
  readonly environment: Environment
}

export const GROUP = 'admissionregistration.k8s.io'
export const MUTATING = `mutatingwebhookconfigurations.${GROUP}`
export const VALIDATING = `validatingwebhookconfigurations.${GROUP}`
export const POLICIES = `validatingadmissionpolicies.${GROUP}`
export const BINDINGS = `validatingadmissionpolicybindings.${GROUP}`
