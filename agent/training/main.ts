/** The program of the thread that trains: the only file of it that knows the machine. */
import { answerInThread } from '../../host/thread-side.ts';
import { trainFrom } from './training-job.ts';

answerInThread(trainFrom);
