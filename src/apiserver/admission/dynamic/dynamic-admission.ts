import type { Snapshot } from '../../../store/store.ts'
import type { AdmissionRequest } from '../admission.ts'
import type { DynamicContext } from './registrations.ts'
import { BINDINGS, GROUP, MUTATING, POLICIES, VALIDATING } from './registrations.ts'

/**
 * The admission that users configure: webhooks and policies. It may have to ask somebody else, so it runs before the
 * turn in which a write is checked and committed.
 */
export interface DynamicAdmission {
  /**
   * Changes `request.object` as the mutating webhooks say; undefined where none is concerned. `again` has the server's own
   * plugins look at what they changed.
   */
  mutate(request: AdmissionRequest, again?: () => void): Promise<void> | undefined
  /** Throws what a policy or webhook refuses; undefined where none is concerned. */
  validate(request: AdmissionRequest): Promise<void> | undefined
}

/** Reads most often find nothing configured at all, and must not load what would serve it. */
export function createDynamicAdmission(context: DynamicContext): DynamicAdmission {
  const configured = ({ head, resource }: AdmissionRequest, ...kinds: readonly string[]): boolean =>
    resource.type.group !== GROUP && kinds.some((kind) => head.count(kind) > 0)
  return {
    mutate: (request, again = () => {}) =>
      configured(request, MUTATING) ? callMutating(context, request, again) : undefined,
    validate: (request) =>
      configured(request, VALIDATING) || isGuarded(request) ? callValidating(context, request) : undefined,
  }

  function isGuarded(request: AdmissionRequest): boolean {
    return configured(request, POLICIES) && configured(request, BINDINGS)
  }
}

async function callMutating(context: DynamicContext, request: AdmissionRequest, again: () => void): Promise<void> {
  const { mutateByWebhooks } = await import('./mutating-webhooks.ts')
  await mutateByWebhooks(context, request, again)
}

async function callValidating(context: DynamicContext, request: AdmissionRequest): Promise<void> {
  if (count(request.head, POLICIES) > 0) {
    const { validateByPolicies } = await import('./policies.ts')
    await validateByPolicies(context, request)
  }
  if (count(request.head, VALIDATING) > 0) {
    const { validateByWebhooks } = await import('./validating-webhooks.ts')
    await validateByWebhooks(context, request)
  }
}

const count = (head: Snapshot, resource: string): number => head.count(resource)
