import { bundle } from '../../tools/nx-debian/bundle';

export default bundle({ main: 'src/main.ts' });
