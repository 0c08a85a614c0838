import type { Draft } from '../draft.ts'
import type {
  MutatingWebhookConfiguration,
  ValidatingAdmissionPolicy,
  ValidatingAdmissionPolicyBinding,
  ValidatingWebhookConfiguration,
} from '../generated/admissionregistration-v1.ts'
import { setDefaults } from './set-default.ts'

type Webhooks = NonNullable<Draft<MutatingWebhookConfiguration>['webhooks']>

function defaultWebhooks(webhooks: Webhooks | Draft<ValidatingWebhookConfiguration>['webhooks']): void {
  for (const webhook of webhooks ?? []) {
    setDefaults(webhook, {
      failurePolicy: 'Fail',
      matchPolicy: 'Equivalent',
      namespaceSelector: {},
      objectSelector: {},
      timeoutSeconds: 10,
    })
    if (webhook.clientConfig?.service) setDefaults(webhook.clientConfig.service, { port: 443 })
    for (const rule of webhook.rules ?? []) setDefaults(rule, { scope: '*' })
  }
}

export function defaultMutatingWebhooks({ webhooks }: Draft<MutatingWebhookConfiguration>): void {
  defaultWebhooks(webhooks)
  for (const webhook of webhooks ?? []) setDefaults(webhook, { reinvocationPolicy: 'Never' })
}

export function defaultValidatingWebhooks({ webhooks }: Draft<ValidatingWebhookConfiguration>): void {
  defaultWebhooks(webhooks)
}

type MatchResources = NonNullable<NonNullable<Draft<ValidatingAdmissionPolicy>['spec']>['matchConstraints']>

function defaultMatch(match: MatchResources | undefined): void {
  if (match === undefined) return
  setDefaults(match, { matchPolicy: 'Equivalent', namespaceSelector: {}, objectSelector: {} })
  for (const rule of [...(match.resourceRules ?? []), ...(match.excludeResourceRules ?? [])]) {
    setDefaults(rule, { scope: '*' })
  }
}

export function defaultAdmissionPolicy({ spec }: Draft<ValidatingAdmissionPolicy>): void {
  if (spec === undefined) return
  setDefaults(spec, { failurePolicy: 'Fail' })
  defaultMatch(spec.matchConstraints)
}

export function defaultAdmissionPolicyBinding({ spec }: Draft<ValidatingAdmissionPolicyBinding>): void {
  defaultMatch(spec?.matchResources)
}
