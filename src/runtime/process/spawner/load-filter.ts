import type { LoadedFilter } from './messages.ts'

/**
 * Loads a filter of system calls, which no program of util-linux before 2.41 does, and becomes the command. The kernel wants
 * a privilege for it, or none to be gained afterwards; that is given up where the privilege is not there.
 */
const SCRIPT = `
my ($seccomp, $prctl, $flags, $program) = splice @ARGV, 0, 4;
my $filter = pack 'H*', $program;
my $head = pack 'S x![P] P', length($filter) / 8, $filter;
my $load = sub { 0 == syscall $seccomp + 0, 1, $flags + 0, $head };
&$load or $! == 13 && 0 == syscall($prctl + 0, 38, 1, 0, 0, 0) && &$load
  or do { print STDERR "cannot load the filter of system calls: $!\\n"; exit 125 };
delete $ENV{PERL_BADLANG};
$ENV{substr $_, 11} = delete $ENV{$_} for grep /^SHOAL_KEPT_PERL/, keys %ENV;
exec { $ARGV[0] } @ARGV;
print STDERR "$ARGV[0]: $!\\n";
exit($! == 2 ? 127 : 126);
`

/** The words that load a filter, to stand before a command. */
export function loadFilter(perl: string, { program, flags, calls }: LoadedFilter): string[] {
  return [perl, '-e', SCRIPT, ...[calls.seccomp, calls.prctl, flags, program].map(String)]
}

/** A container's variables under which Perl does as ever, and says nothing of languages that it lacks; it restores them. */
export function environmentForPerl(env: Readonly<Record<string, string>>): Record<string, string> {
  const kept = Object.entries(env).map(([name, value]) => [
    name.startsWith('PERL') ? `SHOAL_KEPT_${name}` : name,
    value,
  ])
  return { ...Object.fromEntries(kept), PERL_BADLANG: '0' }
}
