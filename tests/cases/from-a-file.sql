CREATE TABLE from_a_file (no int);
COPY from_a_file FROM '/nosuch/rows.txt';
