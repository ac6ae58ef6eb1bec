-- Rows for the tutorial's job market. `lab.rows` is the number of job seekers.
--
-- Every INSERT of the tutorial must work as it is typed: job_seeker 1 (John Doe) and 2 (Jane Doe), employer 2
-- (SoftCorp). So there is an employer 1 for number 2 to follow, and everybody else's id starts at 101.

INSERT INTO job_seeker (id, name, skill)
SELECT 100 + id, firsts[1 + (hash & 1048575) % 12] || ' ' || lasts[1 + (hash >> 20 & 1048575) % 11],
       skills[1 + (hash >> 40 & 1048575) % 7]
FROM generate_series(1, current_setting('lab.rows')::bigint) AS id,
     LATERAL (SELECT hashint8extended(id, current_setting('lab.seed')::bigint)) AS random (hash),
     (SELECT '{Ada,Carlos,Elena,Hugo,Ines,Kenji,Leila,Noah,Omar,Priya,Sofia,Wei}'::text[] AS firsts,
             '{Brown,Chen,Costa,Evans,Garcia,Karimi,Novak,Okafor,Patel,Rossi,Sato}'::text[] AS lasts,
             '{Java Developer,Python Developer,Database Administrator,Data Engineer,Tester,Designer,Site Reliability Engineer}'::text[] AS skills
     ) AS words;

INSERT INTO employer (id, name, industry) VALUES (1, 'DataWorks', 'Databases');

INSERT INTO employer (id, name, industry)
SELECT 100 + id, stems[1 + (hash & 1048575) % 9] || ' ' || endings[1 + (hash >> 20 & 1048575) % 5],
       industries[1 + (hash >> 40 & 1048575) % 6]
FROM generate_series(1, current_setting('lab.rows')::bigint / 5) AS id,
     LATERAL (SELECT hashint8extended(id, current_setting('lab.seed')::bigint)) AS random (hash),
     (SELECT '{Alder,Beacon,Cedar,Delta,Ember,Fjord,Granite,Harbour,Iris}'::text[] AS stems,
             '{Systems,Partners,Works,Group,Studio}'::text[] AS endings,
             '{Software,Logistics,Energy,Health,Retail,Finance}'::text[] AS industries
     ) AS words;

ANALYZE job_seeker, employer;
