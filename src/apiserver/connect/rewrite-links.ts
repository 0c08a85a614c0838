/** How a proxied page's addresses become those under which it is seen. */
export interface LinkRewriting {
  /** The path of the proxy itself, without a slash at its end. */
  readonly prefix: string
  /** Of the server behind: addresses that name it are its own. */
  readonly host: string
  /** As the client has named us. */
  readonly requestHost: string
}

/** An absolute path of the server behind, as the client has to ask for it; others are left as they are. */
export function rewriteLink(link: string, { prefix, host, requestHost }: LinkRewriting): string {
  const [, authority, rest = ''] = /^(?:https?:)?(?:\/\/([^/?#]*))?(.*)$/s.exec(link) ?? []
  const isOther = authority !== undefined && authority !== host && authority !== requestHost
  if (isOther || !rest.startsWith('/') || rest.startsWith(prefix)) return link
  return prefix + rest
}

/** Elements whose attributes are addresses: those of HTML 4 and 5, as Kubernetes lists them. */
const ATTRIBUTES =
  /(<(?:a|applet|area|audio|base|blockquote|body|button|command|del|embed|form|frame|head|html|iframe|img|input|ins|link|object|q|script|source|video)\b[^>]*?)>/gi
const LINKS =
  /(\s(?:href|src|action|formaction|background|cite|classid|codebase|data|icon|longdesc|manifest|poster|profile|usemap)\s*=\s*)("([^"]*)"|'([^']*)')/gi

/** A page of HTML with its links rewritten. */
export function rewriteLinks(html: string, rewriting: LinkRewriting): string {
  return html.replace(ATTRIBUTES, (tag) =>
    tag.replace(LINKS, (_all, name: string, quoted: string, double?: string, single?: string) => {
      const quote = quoted[0] ?? '"'
      return `${name}${quote}${rewriteLink(double ?? single ?? '', rewriting)}${quote}`
    }),
  )
}
