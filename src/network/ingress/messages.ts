import type { Target } from '../services/service-port.ts'
import type { RouteTable } from './routes.ts'

export interface IngressCertificate {
  readonly hosts: readonly string[]
  readonly certificate: string
  readonly key: string
}

/** All that the thread of Ingresses goes by; replaces what it was told before. */
export interface IngressTable extends RouteTable {
  readonly id: number
  /** The address to listen on. */
  readonly host: string
  /** By {@link backendKey}. */
  readonly targets: ReadonlyMap<string, readonly Target[]>
  /** The first is for names that no other has. Empty: no HTTPS. */
  readonly certificates: readonly IngressCertificate[]
}

/** Where the thread listens; absent: it does not, or could not. */
export interface IngressPorts {
  readonly id: number
  readonly http?: number
  readonly https?: number
}

export const backendKey = (backend: { namespace: string; service: string; port: string | number }) =>
  `${backend.namespace}/${backend.service}:${backend.port}`
