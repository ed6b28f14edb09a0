import { countPackets, type Packet } from '../capture/packets';
import { fail, pass, type Verdict } from '../check';

const shown = 5;

/** @param packets what was sent during the checks */
export function judgePackets(packets: readonly Packet[]): Verdict {
  const { link, left } = countPackets(packets);
  const set = [...link.values()].reduce((sum, count) => sum + count, 0);
  const kinds = [...link].map(([what, count]) => `${what} ${count}`).join(', ');
  const data = { left: left.length, link: set, kinds };
  if (left.length > 0) {
    const lines = [...new Set(left.map(({ device, text }) => `${device}: ${text.slice(0, 160)}`))];
    const rest = lines.length > shown ? `\nand ${lines.length - shown} more` : '';
    return fail(
      `${left.length} packets left this machine:\n${lines.slice(0, shown).join('\n')}${rest}`,
      'close other programs and check again; if it happens again, report this as a bug',
      data,
    );
  }
  return pass(
    `nothing left this machine during the checks${set === 0 ? '' : ` but what keeps the network: ${kinds}`}`,
    data,
  );
}
