/** Files as people keep them, made up for measuring answers: name and text. */
export const files: Readonly<Record<string, string>> = {
  'lease.md': `# Lease of the workshop

Landlord: Petra Holm, Quay 3, Lindau. Tenant: Jonas Wirth.

The workshop in the Mill Lane measures 84 square metres. The lease of the workshop begins on 1 July 2026 and ends on 15 June 2031.
The rent of the workshop is 940 euros a month, due on the third working day. The deposit is three months' rent and lies with the
Sparkasse Lindau. The notice period is six months to the end of a quarter.

The landlord has the heating serviced every autumn. The tenant may keep two dogs in the yard, and no other animals. Keys are handed
over at the office of the landlord.
`,
  'kestrel-manual.txt': `Kestrel 40 compressor: operating manual

1. What you received
The box holds the compressor, a hose of 6 metres, four gaskets and the oil gauge.

2. Before the first start
Fill in 1.2 litres of oil of the kind VG 46. The tank takes 50 litres of air. Do not run the Kestrel without its air filter.

3. Care
Drain the water every evening. The air filter is changed every 500 hours, the oil every 1,000 hours. Spare filters have the order
number KX-2210.

4. Warranty
The warranty of the Kestrel is 24 months from the day of purchase. It does not cover the hose. Repairs are done by Tandberg Service
in Aarhus.

5. Faults
If the red lamp blinks, the motor is too hot: wait 20 minutes. If the pressure stays below 4 bar, the valve is dirty.
`,
  'walnut-bread.md': `# Walnut bread

Makes two loaves.

- 500 g wheat flour
- 150 g rye flour
- 180 g walnuts
- 12 g salt
- 380 ml water

Knead the dough for ten minutes and let it rise for 90 minutes in a warm place. Add the walnuts at the end of kneading. Shape two
loaves and bake them at 220 degrees for 35 minutes. The crust gets its colour from a spoon of honey.

The bread keeps four days in a linen bag. Aunt Ragna brought the recipe from Tromsø in 1974.
`,
  'insurer.txt': `Nordlicht Insurance, Claims Department
Kiel, 4 March 2027

Dear Ms Adeyemi,

Thank you for your letter of 21 February. We have examined the water damage in your kitchen. We will pay 2,350 euros for the floor
and 410 euros for the dishwasher. The wallpaper is not covered by your contract.

The money will be in your account by 18 March. Please keep the receipts for two years. Your claim has the number 77-4-19082.

If you do not agree, write to our ombudsman, Dr. Henrik Vogt, within four weeks.

Yours sincerely,
Mirjam Castell
`,
  'minutes.md': `# Minutes of the allotment society, 12 May 2026

Present: 31 members. In the chair: Lucia Ferraro. Minutes: Tom Okafor.

## Accounts

The treasurer, Ines Duarte, reports a balance of 6,120 euros. The auditors found nothing to object to. The annual fee rises from 45
to 52 euros from January.

## Water

The pump at the north gate was replaced in April for 780 euros. The tap at the south gate stays closed until the pipe is mended; Karl
Lind will ask for offers.

## Summer party

The party is on 8 August at the club house. Beatrix Nagy organises the music. The children's race starts at 3 o'clock.

## Elections

Lucia Ferraro was elected president with 27 votes. The secretary, Tom Okafor, was confirmed. The next meeting is on 10 November.
`,
  'relay.md': `# relay: configuration

The relay listens on port 7412 by default; \`--port\` changes it. It reads its settings from \`/etc/relay/relay.toml\`.

## Limits

A client may open 64 connections. Requests larger than 8 MiB are refused with status 413. Idle connections are closed after 90
seconds.

## Log

The log is written to the journal. The level is \`info\` unless RELAY_LOG says otherwise. Passwords are never logged.

## Function parse_frame

\`parse_frame(buffer, strict)\` returns the next frame, or null where the buffer holds less than one. It raises FrameError if the
checksum is wrong. The header of a frame has 12 bytes. It was added in version 2.3 by Sonja Berg.
`,
  'rooms.md': `# Rooms of the guest house

| Room | Floor | Beds | Price |
| --- | --- | --- | --- |
| Heron | ground | 2 | 88 euros |
| Plover | first | 3 | 104 euros |
| Curlew | first | 1 | 61 euros |
| Sandpiper | second | 4 | 132 euros |

Breakfast is served from 7 to 10 and costs 11 euros. The sauna may be used by guests of the second floor for free. The guest house is
closed in February.
`,
  'travel-rules.md': `# Rules for business travel

Trips are approved by the head of the department. Trains are booked in second class; for journeys of more than four hours first class
is paid. Flights within Europe need the consent of Ms Halvorsen.

A hotel may cost 130 euros a night, in London 190 euros. Meals are paid with 28 euros a day. Whoever drives a car of their own gets 30
cents a kilometre.

Receipts are handed in within 30 days. The form is called R-17 and goes to the accounts office in Bergen. Taxis are paid after 22
o'clock only.
`,
  'vet.txt': `Dr. Amara Lindqvist, veterinary practice, 9 January 2028

Patient: Bruno, dog, six years, 23 kg. Owner: Ewa Kowalska.

Bruno limps on his left front leg since New Year. The X-ray shows no fracture. He gets 50 mg of carprofen twice a day for ten days, with
his food. No long walks before 20 January. His next vaccination, against rabies, is due in May 2028.

Bill: examination 48 euros, X-ray 95 euros. The cat Mimi was not brought along; her teeth should be looked at this spring.
`,
  'CHANGELOG.md': `# Changelog of Tidepool

## 4.2.0, 3 September 2027

- The export writes Parquet files.
- Maps are drawn with the library Leaflet.
- The least version of Python is 3.12.
- Fixed: the calendar showed Sunday twice.

## 4.1.0, 17 May 2027

- Sensors are found by Bluetooth.
- The database is SQLite; PostgreSQL is no longer supported.
- The timeout of uploads is 45 seconds.

## 4.0.0, 2 February 2027

- New licence: MPL 2.0.
- Translated into Catalan by Núria Puig.
`,
  'school-letter.txt': `Dear parents of class 5b,

our trip to the Harz begins on Monday, 14 June. The coach leaves at 7:45 from the car park behind the gym. We stay at the youth hostel in
Thale. The trip costs 185 euros; please pay by 1 May. Each child brings boots, a raincoat and bed linen. Phones stay at home.

On Wednesday the children visit the mine at Rammelsberg. On Thursday we walk up the Brocken if the weather allows. We are back on Friday at
about four in the afternoon.

Ms Petrović and Mr Aydin come along. In an emergency call 0151 5550 4471.
`,
  'harvest-rules.txt': `HARVEST MOON: rules of the game

For 2 to 5 players from ten years; a game takes about 40 minutes.

Each player gets seven cards and three wagons. The youngest player begins. In a turn you draw two cards and may load one wagon. A full wagon
is worth 6 points, an empty one costs 2 points. A storm card takes one crop of every player; the scarecrow protects against crows, but not
against storms.

The game ends when the moon tile is drawn. Whoever has the most points wins; if two have the same, the one with more wagons does. The game was
designed by Odile Marchetti and published by Brass Lantern in 2019.
`,
  'heat-pump.md': `# Offer: heat pump for Birkenweg 12

From: Sommer & Söhne, Ulm. To: the Demir family. Number of the offer: 2026-318.

The heat pump of the type Aeris 9 gives 9 kW. It stands in the garden, three metres from the wall, and is as loud as 47 dB. The buffer tank holds
300 litres and comes into the cellar.

The price is 23,800 euros with installation. The old oil boiler is taken away for 650 euros. The grant of the state is applied for by the
customer before the order. Delivery takes eleven weeks. The offer is valid until 30 September 2026.

Your contact is Mr Brandl, telephone 0731 555 0186.
`,
};
