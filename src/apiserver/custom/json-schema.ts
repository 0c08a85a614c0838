import type { KubeObject } from '../../api/object.ts'

/** The part of OpenAPI v3 that a structural schema of a custom resource may use. */
export interface JsonSchema {
  readonly type?: string
  readonly format?: string
  readonly title?: string
  readonly description?: string
  readonly properties?: Readonly<Record<string, JsonSchema>>
  readonly additionalProperties?: JsonSchema | boolean
  readonly items?: JsonSchema
  readonly required?: readonly string[]
  readonly enum?: readonly unknown[]
  readonly default?: unknown
  readonly nullable?: boolean
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: boolean
  readonly exclusiveMaximum?: boolean
  readonly multipleOf?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly pattern?: string
  readonly minItems?: number
  readonly maxItems?: number
  readonly uniqueItems?: boolean
  readonly minProperties?: number
  readonly maxProperties?: number
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean
  readonly 'x-kubernetes-int-or-string'?: boolean
  readonly 'x-kubernetes-embedded-resource'?: boolean
  readonly 'x-kubernetes-list-type'?: string
  readonly 'x-kubernetes-list-map-keys'?: readonly string[]
  readonly 'x-kubernetes-map-type'?: string
  readonly 'x-kubernetes-validations'?: readonly ValidationRule[]
  readonly allOf?: readonly JsonSchema[]
  readonly anyOf?: readonly JsonSchema[]
  readonly oneOf?: readonly JsonSchema[]
  readonly not?: JsonSchema
  /** Words that no definition may use, as they may be sent. */
  readonly id?: string
  readonly $ref?: string
  readonly $schema?: string
  readonly additionalItems?: unknown
  readonly patternProperties?: Readonly<Record<string, JsonSchema>>
  readonly definitions?: Readonly<Record<string, JsonSchema>>
  readonly dependencies?: Readonly<Record<string, unknown>>
  /** Words that say nothing of a value. */
  readonly example?: unknown
  readonly externalDocs?: unknown
}

/** A rule in CEL over `self` and, where there was one before, `oldSelf`. */
export interface ValidationRule {
  readonly rule: string
  readonly message?: string
  readonly messageExpression?: string
  readonly reason?: string
  readonly fieldPath?: string
  readonly optionalOldSelf?: boolean
}

/** A CustomResourceDefinition, as far as serving its kind goes. */
export interface Definition extends KubeObject {
  readonly spec: {
    readonly group: string
    readonly scope: 'Namespaced' | 'Cluster'
    readonly preserveUnknownFields?: boolean
    readonly names: DefinedNames
    readonly versions: readonly DefinedVersion[]
    readonly conversion?: {
      readonly strategy?: string
      readonly webhook?: { readonly clientConfig?: object; readonly conversionReviewVersions?: readonly string[] }
    }
  }
  readonly status?: {
    readonly acceptedNames?: DefinedNames
    readonly conditions?: readonly DefinitionCondition[] | null
    readonly storedVersions?: readonly string[]
  }
}

export interface DefinedNames {
  readonly kind: string
  readonly plural: string
  readonly singular?: string
  readonly listKind?: string
  readonly shortNames?: readonly string[]
  readonly categories?: readonly string[]
}

export interface DefinedVersion {
  readonly name: string
  readonly served: boolean
  readonly storage: boolean
  readonly deprecated?: boolean
  readonly deprecationWarning?: string
  readonly schema?: { readonly openAPIV3Schema?: JsonSchema }
  readonly subresources?: { readonly status?: object; readonly scale?: object }
}

export interface DefinitionCondition {
  readonly type: string
  readonly status: 'True' | 'False'
  readonly reason: string
  readonly message: string
  readonly lastTransitionTime: string
}

/** The schema of one version; one that says nothing where there is none. */
export function jsonSchemaOf(definition: KubeObject, version: string): JsonSchema {
  const found = (definition as Definition).spec.versions.find((one) => one.name === version)
  return found?.schema?.openAPIV3Schema ?? { type: 'object', 'x-kubernetes-preserve-unknown-fields': true }
}
