import { expect, test } from 'vitest'
import type { KubeObject } from '../../api/object.ts'
import { validateDefinition } from './definition-validation.ts'

const toldOf = (conversion: object) => {
  const schema = { openAPIV3Schema: { type: 'object' } }
  const spec = {
    group: 'example.com',
    scope: 'Namespaced',
    names: { plural: 'as', kind: 'A' },
    versions: [{ name: 'v1', served: true, storage: true, schema }],
    conversion,
  }
  const definition = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition', metadata: {}, spec }
  return validateDefinition(definition as unknown as KubeObject)
    .filter(({ field }) => field.startsWith('spec.conversion'))
    .map(({ field, message }) => `${field}: ${message}`)
}

// validateCustomResourceConversion; the texts are those that kube-apiserver 1.34.4 answered.
test('a conversion names its strategy, and a webhook only where that is it', () => {
  expect(toldOf({ strategy: 'None' })).toEqual([])
  const clientConfig = { url: 'https://example.com/x' }
  const detail = 'should not be set when strategy is not set to Webhook'
  expect(toldOf({ webhook: { clientConfig } })).toEqual([
    'spec.conversion.strategy: Required value',
    `spec.conversion.webhookClientConfig: Forbidden: ${detail}`,
  ])
  expect(toldOf({ strategy: 'x' })).toEqual([
    'spec.conversion.strategy: Unsupported value: "x": supported values: "None", "Webhook"',
  ])
  expect(toldOf({ strategy: 'None', webhook: { conversionReviewVersions: ['v1'] } })).toEqual([
    `spec.conversion.conversionReviewVersions: Forbidden: ${detail}`,
  ])
})
