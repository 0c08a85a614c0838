import type { EnvVar } from '../../api/generated/core-v1.ts'

/** An environment variable whose value is that of a key of a Secret: it is named, and never copied. */
export interface SecretVariable {
  readonly name: string
  readonly secret: string
  readonly key: string
}

/** Variables of a container whose values the kubelet takes from Secrets. */
export function secretVariables(secrets: readonly SecretVariable[] = []): EnvVar[] {
  return secrets.map(({ name, secret, key }) => ({ name, valueFrom: { secretKeyRef: { name: secret, key } } }))
}
