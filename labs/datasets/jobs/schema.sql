-- The tutorial inserts into these two tables and never creates them. Its INSERTs give every id, so an id has no
-- default that they would get in the way of.

CREATE TABLE job_seeker (
    id INT PRIMARY KEY,
    name VARCHAR(255) NOT NULL,
    skill VARCHAR(255) NOT NULL
);

CREATE TABLE employer (
    id INT PRIMARY KEY,
    name VARCHAR(255) NOT NULL,
    industry VARCHAR(255) NOT NULL
);
