# Reads the variable AUTO_CONF of the script that follows from standard input: `docker inspect` would show an environment.
AUTO_CONF=$(cat && echo .)
AUTO_CONF=${AUTO_CONF%.}
