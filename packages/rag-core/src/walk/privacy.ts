/**
 * What is left out of every collection unless an include names it: secrets, and stores of other programs whose content a
 * person does not think of as their documents. nanite-rag(1) shows this list.
 *
 * Patterns are of picomatch, without regard to case, and meet the name of a file or folder, not its path.
 */
export interface PrivacyRule {
  what: string;
  names: readonly string[];
}

export const privacyRules: readonly PrivacyRule[] = [
  { what: 'hidden files and folders', names: ['.*'] },
  {
    what: 'keys and certificates with keys',
    names: [
      'id_{rsa,dsa,ecdsa,ed25519,xmss}*',
      '*.{pem,key,ppk,p8,p12,pfx,jks,jceks,keystore,bks,ovpn}',
      '*.{gpg,pgp,kbx,kdr}',
      'secring.*',
      'private-keys*',
    ],
  },
  {
    what: 'stores of passwords and wallets',
    names: [
      '*.{kdb,kdbx,psafe3,opvault,agilekeychain,1pif,1pux,enpass,enpassdb,keychain,keychain-db,keyring}',
      'wallet.{dat,json}',
      '*.wallet',
      'password-store',
    ],
  },
  {
    what: 'credentials of programs',
    names: [
      '*.env',
      '*.env.*',
      'credentials{,.*}',
      'client_secret*.json',
      'service-account*.json',
      'secrets.{yml,yaml,json,toml,ini}',
      'vault.{yml,yaml}',
      '*.tfstate{,.*}',
      'htpasswd',
      'netrc',
      '{g,}shadow{,-}',
    ],
  },
  {
    what: 'mail stores',
    names: ['*.{mbox,mbx,pst,ost,dbx,msf}', 'maildir', 'imapmail'],
  },
  {
    what: 'histories of shells and programs',
    names: ['*_history', '*.histfile', 'lesshst', 'viminfo'],
  },
];

/** Files of no use to anyone who searches: made by programs, for programs. The same includes let them in. */
export const clutter: readonly string[] = [
  'node_modules',
  'bower_components',
  '__pycache__',
  'lost+found',
  '*~',
  '#*#',
  '*.{swp,swo,part,crdownload,tmp,bak,pyc,class,o,a,so,lock}',
];

/**
 * Folders known by what lies in them: when all of these names are there, the folder is left out as a whole.
 */
export const tellingContent: ReadonlyArray<{ what: string; names: readonly string[] }> = [
  { what: 'mail store', names: ['cur', 'new', 'tmp'] },
  { what: 'profile of Firefox or Thunderbird', names: ['prefs.js', 'places.sqlite'] },
  { what: 'profile of Thunderbird', names: ['prefs.js', 'key4.db'] },
  { what: 'profile of Chromium', names: ['Preferences', 'Login Data'] },
  { what: 'profile of Chromium', names: ['Local State', 'Default'] },
  { what: 'home of GnuPG', names: ['private-keys-v1.d'] },
  { what: 'store of pass', names: ['.gpg-id'] },
  { what: 'cache', names: ['CACHEDIR.TAG'] },
  { what: 'virtual environment of Python', names: ['pyvenv.cfg'] },
];
