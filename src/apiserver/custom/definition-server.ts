import type { Registry } from '../../api/registry.ts'
import type { Environment } from '../../env/environment.ts'
import type { Store } from '../../store/store.ts'

/** What serving custom kinds works with. */
export interface DefinitionServer {
  readonly store: Store
  readonly registry: Registry
  readonly environment: Environment
}
