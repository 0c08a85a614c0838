import type { ExpressionWarning, ValidatingAdmissionPolicy } from '../../api/generated/admissionregistration-v1.ts'
import { BUILT_IN_RESOURCES, validatingAdmissionPolicies } from '../../api/generated/resources.ts'
import { schemaOf } from '../../api/schema/schema.ts'
import type { Controller, Decision } from '../../reconcile/reconciler.ts'
import { SETTLED } from '../../reconcile/reconciler.ts'
import { changesOf } from '../../reconcile/source.ts'
import type { KnownTypes } from './type-check.ts'

/** Checks each policy's expressions against the kinds that it is about, once for each generation, and says what it found. */
export const policyStatusController: Controller = {
  name: 'validatingadmissionpolicy-status-controller',
  build(context) {
    const policies = context.informer(validatingAdmissionPolicies)
    return {
      sources: [changesOf(policies)],
      async reconcile(key) {
        const policy = policies.getByKey(key)
        if (policy === undefined || isChecked(policy)) return SETTLED
        // Loaded with the first policy: few clusters have one.
        const { checkTypes } = await import('./type-check.ts')
        return decided(policy, checkTypes(policy, await knownTypes()))
      },
    }
  },
}

const isChecked = ({ metadata, status }: ValidatingAdmissionPolicy): boolean =>
  (metadata.generation ?? 0) <= (status?.observedGeneration ?? 0)

function decided({ metadata }: ValidatingAdmissionPolicy, warnings: readonly ExpressionWarning[]): Decision {
  const { apiVersion, kind } = { apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingAdmissionPolicy' }
  const { name = '', generation } = metadata
  const typeChecking = warnings.length === 0 ? {} : { expressionWarnings: warnings }
  const patch = { apiVersion, kind, metadata: { name }, status: { observedGeneration: generation, typeChecking } }
  const change = {
    verb: 'patch',
    type: validatingAdmissionPolicies,
    key: { name },
    patch: { type: 'apply', patch },
    subresource: 'status',
    forcedBy: 'validatingadmissionpolicy-status',
  } as const
  return { changes: [change] }
}

/** Built-in kinds: of custom ones the controller's role lets it read no schema. */
async function knownTypes(): Promise<KnownTypes> {
  const { typeOfSchema } = await import('../../expression/cel/schema-type.ts')
  return { resources: BUILT_IN_RESOURCES, typeOf: ({ definition, kind }) => typeOfSchema(schemaOf(definition), kind) }
}
