import ipaddr from 'ipaddr.js';

/**
 * Whether an address is one of the public internet's, so neither this machine, its network, a link-local address
 * (cloud metadata lives there) nor a range set aside for something else (IANA's special-purpose registries, as
 * ipaddr.js knows them). IPv4 inside IPv6 counts as the IPv4 address it means.
 */
export function isPublicAddress(address: string): boolean {
  const bare = address.replace(/^\[|\]$/g, '').replace(/%.*$/, '');
  if (!ipaddr.isValid(bare)) return false;
  const parsed = ipaddr.process(bare);
  if (parsed.range() !== 'unicast') return false;
  // Of IPv6 only 2000::/3 has been given out; what lies outside (such as ::127.0.0.1) is not a public host.
  return parsed.kind() === 'ipv4' || parsed.match(ipaddr.parseCIDR('2000::/3'));
}
