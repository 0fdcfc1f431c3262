import { after } from 'node:test';
import { testLooks } from '../looks.js';
import { quit } from '../page.js';

after(quit);
testLooks('light');
