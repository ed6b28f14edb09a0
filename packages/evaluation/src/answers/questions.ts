/**
 * A question that a file answers, and the same question with one noun, name or number swapped, which no file answers.
 */
export interface SwappedQuestion {
  /** A name of {@link files}. */
  file: string;
  question: string;
  /** As a model answers it in a sentence. */
  answer: string;
  /** What the answer says that the question does not. */
  value: string;
  /** What stands in the question, and what is put in its place; in the answer too, where it stands there. */
  swap: readonly [from: string, to: string];
}

/** @param lines question, answer, value, swapped words */
const about = (
  file: string,
  lines: ReadonlyArray<readonly [string, string, string, string, string]>,
): SwappedQuestion[] =>
  lines.map(([question, answer, value, from, to]) => ({ file, question, answer, value, swap: [from, to] }));

export const swappedQuestions: readonly SwappedQuestion[] = [
  ...about('lease.md', [
    [
      'When does the lease of the workshop end?',
      'The lease of the workshop ends on 15 June 2031.',
      '15 June 2031',
      'workshop',
      'office',
    ],
    [
      'How much is the rent of the workshop?',
      'The rent of the workshop is 940 euros a month.',
      '940 euros',
      'workshop',
      'flat',
    ],
    [
      'Who is the landlord of the workshop?',
      'The landlord is Petra Holm.',
      'Petra Holm',
      'landlord',
      'architect',
    ],
    [
      'How large is the workshop?',
      'The workshop measures 84 square metres.',
      '84 square metres',
      'workshop',
      'garage',
    ],
    [
      'How long is the notice period?',
      'The notice period is six months to the end of a quarter.',
      'six months',
      'notice',
      'trial',
    ],
    [
      'How many dogs may the tenant keep?',
      'The tenant may keep two dogs in the yard.',
      'two',
      'dogs',
      'goats',
    ],
  ]),
  ...about('kestrel-manual.txt', [
    [
      'How long is the warranty of the Kestrel?',
      'The warranty of the Kestrel is 24 months from the day of purchase.',
      '24 months',
      'Kestrel',
      'Falcon',
    ],
    [
      'How many gaskets are in the box of the compressor?',
      'The box holds four gaskets.',
      'four',
      'gaskets',
      'batteries',
    ],
    [
      'How often is the air filter changed?',
      'The air filter is changed every 500 hours.',
      '500 hours',
      'air filter',
      'spark plug',
    ],
    [
      'How much oil do I fill in?',
      'Fill in 1.2 litres of oil of the kind VG 46.',
      '1.2 litres',
      'oil',
      'petrol',
    ],
    [
      'Who does the repairs?',
      'Repairs are done by Tandberg Service in Aarhus.',
      'Tandberg Service',
      'repairs',
      'inspections',
    ],
    [
      'What does it mean if the red lamp blinks?',
      'If the red lamp blinks, the motor is too hot.',
      'the motor is too hot',
      'red',
      'green',
    ],
  ]),
  ...about('walnut-bread.md', [
    ['How many grams of walnuts do I need?', '180 g walnuts are needed.', '180 g', 'walnuts', 'almonds'],
    [
      'How long does the dough rise?',
      'The dough rises for 90 minutes in a warm place.',
      '90 minutes',
      'dough',
      'custard',
    ],
    [
      'How hot is the oven for the loaves?',
      'The loaves are baked at 220 degrees for 35 minutes.',
      '220 degrees',
      'loaves',
      'muffins',
    ],
    [
      'Who brought the recipe from Tromsø?',
      'Aunt Ragna brought the recipe from Tromsø in 1974.',
      'Aunt Ragna',
      'Tromsø',
      'Trondheim',
    ],
    [
      'How long does the bread keep in a linen bag?',
      'The bread keeps four days in a linen bag.',
      'four days',
      'bread',
      'jam',
    ],
  ]),
  ...about('insurer.txt', [
    [
      'How much does the insurance pay for the floor?',
      'They will pay 2,350 euros for the floor.',
      '2,350 euros',
      'floor',
      'ceiling',
    ],
    [
      'How much is paid for the dishwasher?',
      'They will pay 410 euros for the dishwasher.',
      '410 euros',
      'dishwasher',
      'fridge',
    ],
    [
      'When will the money be in the account?',
      'The money will be in your account by 18 March.',
      '18 March',
      'money',
      'refund form',
    ],
    [
      'Who is the ombudsman?',
      'The ombudsman is Dr. Henrik Vogt.',
      'Dr. Henrik Vogt',
      'ombudsman',
      'surveyor',
    ],
    [
      'How long should I keep the receipts?',
      'Keep the receipts for two years.',
      'two years',
      'receipts',
      'photographs',
    ],
    [
      'What number does my claim have?',
      'Your claim has the number 77-4-19082.',
      '77-4-19082',
      'claim',
      'policy',
    ],
  ]),
  ...about('minutes.md', [
    [
      'Who is the treasurer of the allotment society?',
      'The treasurer is Ines Duarte.',
      'Ines Duarte',
      'allotment',
      'chess',
    ],
    [
      'What did the pump at the north gate cost?',
      'The pump at the north gate was replaced in April for 780 euros.',
      '780 euros',
      'north',
      'west',
    ],
    [
      'When is the summer party?',
      'The party is on 8 August at the club house.',
      '8 August',
      'summer',
      'harvest',
    ],
    ['Who organises the music?', 'Beatrix Nagy organises the music.', 'Beatrix Nagy', 'music', 'raffle'],
    [
      'With how many votes was Lucia Ferraro elected president?',
      'Lucia Ferraro was elected president with 27 votes.',
      '27 votes',
      'Lucia Ferraro',
      'Paula Weiss',
    ],
    ['When is the next meeting?', 'The next meeting is on 10 November.', '10 November', 'meeting', 'concert'],
  ]),
  ...about('relay.md', [
    [
      'Which port does the relay listen on?',
      'The relay listens on port 7412 by default.',
      '7412',
      'relay',
      'broker',
    ],
    [
      'How many connections may a client open?',
      'A client may open 64 connections.',
      '64',
      'connections',
      'transactions',
    ],
    [
      'After how many seconds are idle connections closed?',
      'Idle connections are closed after 90 seconds.',
      '90 seconds',
      'idle',
      'encrypted',
    ],
    [
      'What does parse_frame raise if the checksum is wrong?',
      'It raises FrameError if the checksum is wrong.',
      'FrameError',
      'checksum',
      'signature',
    ],
    [
      'In which version was parse_frame added?',
      'It was added in version 2.3.',
      '2.3',
      'parse_frame',
      'write_frame',
    ],
    [
      'How many bytes does the header of a frame have?',
      'The header of a frame has 12 bytes.',
      '12 bytes',
      'header',
      'trailer',
    ],
  ]),
  ...about('rooms.md', [
    ['How many beds does the room Plover have?', 'The room Plover has 3 beds.', '3', 'Plover', 'Avocet'],
    [
      'What does the room Sandpiper cost?',
      'The room Sandpiper costs 132 euros.',
      '132 euros',
      'Sandpiper',
      'Osprey',
    ],
    [
      'On which floor is the room Heron?',
      'The room Heron is on the ground floor.',
      'ground',
      'Heron',
      'Egret',
    ],
    ['How much is breakfast?', 'Breakfast costs 11 euros.', '11 euros', 'breakfast', 'dinner'],
    [
      'In which month is the guest house closed?',
      'The guest house is closed in February.',
      'February',
      'guest house',
      'museum',
    ],
  ]),
  ...about('travel-rules.md', [
    [
      'How much may a hotel in London cost?',
      'A hotel in London may cost 190 euros a night.',
      '190 euros',
      'London',
      'Paris',
    ],
    ['How much is paid for meals?', 'Meals are paid with 28 euros a day.', '28 euros', 'meals', 'laundry'],
    [
      'Within how many days are receipts handed in?',
      'Receipts are handed in within 30 days.',
      '30 days',
      'receipts',
      'timesheets',
    ],
    ['What is the form for travel called?', 'The form is called R-17.', 'R-17', 'travel', 'parental leave'],
    [
      'Whose consent do flights within Europe need?',
      'Flights within Europe need the consent of Ms Halvorsen.',
      'Ms Halvorsen',
      'Europe',
      'Africa',
    ],
  ]),
  ...about('vet.txt', [
    ['How much does Bruno weigh?', 'Bruno weighs 23 kg.', '23 kg', 'Bruno', 'Rex'],
    ['How much was the X-ray?', 'The X-ray was 95 euros.', '95 euros', 'X-ray', 'blood test'],
    [
      'When is the vaccination against rabies due?',
      'His next vaccination, against rabies, is due in May 2028.',
      'May 2028',
      'rabies',
      'distemper',
    ],
    ['Who is the owner of Bruno?', 'The owner is Ewa Kowalska.', 'Ewa Kowalska', 'owner', 'breeder'],
    [
      'Which leg does Bruno limp on?',
      'Bruno limps on his left front leg.',
      'left front leg',
      'Bruno',
      'Mimi',
    ],
  ]),
  ...about('CHANGELOG.md', [
    [
      'Which library draws the maps of Tidepool?',
      'Maps are drawn with the library Leaflet.',
      'Leaflet',
      'maps',
      'charts',
    ],
    [
      'Who translated Tidepool into Catalan?',
      'It was translated into Catalan by Núria Puig.',
      'Núria Puig',
      'Catalan',
      'Basque',
    ],
    [
      'How long is the timeout of uploads?',
      'The timeout of uploads is 45 seconds.',
      '45 seconds',
      'uploads',
      'downloads',
    ],
    [
      'When was version 4.1.0 of Tidepool released?',
      'Version 4.1.0 was released on 17 May 2027.',
      '17 May 2027',
      '4.1.0',
      '4.3.0',
    ],
    ['How are sensors found?', 'Sensors are found by Bluetooth.', 'Bluetooth', 'sensors', 'printers'],
  ]),
  ...about('school-letter.txt', [
    [
      'When does the coach leave?',
      'The coach leaves at 7:45 from the car park behind the gym.',
      '7:45',
      'coach',
      'ferry',
    ],
    ['What does the trip to the Harz cost?', 'The trip costs 185 euros.', '185 euros', 'Harz', 'Alps'],
    [
      'Where do we stay in Thale?',
      'We stay at the youth hostel in Thale.',
      'youth hostel',
      'Thale',
      'Quedlinburg',
    ],
    [
      'Which day do the children visit the mine at Rammelsberg?',
      'On Wednesday the children visit the mine at Rammelsberg.',
      'Wednesday',
      'mine',
      'castle',
    ],
    [
      'Which number do I call in an emergency?',
      'In an emergency call 0151 5550 4471.',
      '0151 5550 4471',
      'emergency',
      'heatwave',
    ],
  ]),
  ...about('harvest-rules.txt', [
    [
      'How many cards does each player get?',
      'Each player gets seven cards and three wagons.',
      'seven',
      'cards',
      'coins',
    ],
    [
      'How many points is a full wagon worth?',
      'A full wagon is worth 6 points.',
      '6 points',
      'wagon',
      'barn',
    ],
    [
      'Who designed the game Harvest Moon?',
      'The game was designed by Odile Marchetti.',
      'Odile Marchetti',
      'Harvest',
      'Silver',
    ],
    [
      'What does the scarecrow protect against?',
      'The scarecrow protects against crows, but not against storms.',
      'crows',
      'scarecrow',
      'watchdog',
    ],
    [
      'When does the game end?',
      'The game ends when the moon tile is drawn.',
      'when the moon tile is drawn',
      'game',
      'tournament',
    ],
  ]),
  ...about('heat-pump.md', [
    [
      'How loud is the heat pump Aeris 9?',
      'The heat pump is as loud as 47 dB.',
      '47 dB',
      'Aeris 9',
      'Aeris 12',
    ],
    [
      'How many litres does the buffer tank hold?',
      'The buffer tank holds 300 litres.',
      '300 litres',
      'buffer tank',
      'bathtub',
    ],
    [
      'Until when is the offer valid?',
      'The offer is valid until 30 September 2026.',
      '30 September 2026',
      'offer',
      'discount',
    ],
    ['How long does delivery take?', 'Delivery takes eleven weeks.', 'eleven weeks', 'delivery', 'training'],
    [
      'What does taking away the old oil boiler cost?',
      'The old oil boiler is taken away for 650 euros.',
      '650 euros',
      'boiler',
      'sofa',
    ],
    [
      'Who is our contact at Sommer & Söhne?',
      'Your contact is Mr Brandl.',
      'Mr Brandl',
      'Sommer & Söhne',
      'Winter & Cie',
    ],
  ]),
];

/** A text with the words of a swap exchanged; a capital at the beginning stays one. */
export const swapped = (text: string, [from, to]: SwappedQuestion['swap']): string =>
  text.replace(new RegExp(`(?<![\\p{L}\\p{N}])${escaped(from)}`, 'giu'), (found) =>
    /^\p{Lu}/u.test(found) && !/^\p{Lu}/u.test(from) ? to[0]!.toUpperCase() + to.slice(1) : to,
  );

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
