import { components } from './contents';
import { formatParagraph } from './deb822';
import { keyringName } from './key';

/** Where nanite-archive-keyring installs the key. */
export const keyringPath = `/usr/share/keyrings/${keyringName}`;

/** A `nanite.sources` (sources.list(5), deb822 style) for /etc/apt/sources.list.d/. */
export const sourcesFile = (options: {
  uri: string;
  suite: string;
  architectures: readonly string[];
}): string =>
  formatParagraph([
    ['Types', 'deb'],
    ['URIs', options.uri],
    ['Suites', options.suite],
    ['Components', components.join(' ')],
    ['Architectures', options.architectures.join(' ')],
    ['Signed-By', keyringPath],
  ]);
