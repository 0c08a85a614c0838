/** What is proxied to: `name`, `name:port` or `scheme:name:port`, where a port may be a name and may be empty. */
export interface ProxyName {
  readonly name: string
  /** Empty where none is named. */
  readonly port: string
  readonly isSecure: boolean
}

/** Undefined where it is none of the three. */
export function parseProxyName(text: string): ProxyName | undefined {
  const parts = text.split(':')
  const [scheme, name = '', port = ''] = parts.length === 3 ? parts : ['', ...parts]
  const isScheme = scheme === '' || scheme === 'http' || scheme === 'https'
  if (parts.length > 3 || name === '' || !isScheme || (parts.length === 3 && scheme === '')) return undefined
  return { name, port, isSecure: scheme === 'https' }
}
