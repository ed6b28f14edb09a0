import { CliSettings } from '@nanite/contracts';
import { loadSettings } from '@nanite/kit';
import { z } from 'zod';
import { neverPaint } from './terminal/paint';

const schema = z.object({ cli: CliSettings.prefault({}) });

/**
 * Section `cli` of the settings. Other sections are not looked at: a mistake there is not this program's business.
 *
 * @throws NaniteError `bad-settings`, `settings-unreadable`
 */
export function cliSettings(): CliSettings {
  const { cli } = loadSettings(schema, { user: true }).values;
  if (cli.colour === 'never') neverPaint();
  return cli;
}
