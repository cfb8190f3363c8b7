"""The page and its server: a photo in the browser, painted on this computer.

schemas     what is asked, as JSON: looks, settings, points
checks      whether what is asked can be done here
responses   what is answered
errors      why something is not done
problems    errors as the interface says them: codes and statuses, from their classes
openapi     how the interface describes itself
filetypes   which files are taken, by their first bytes
options     what is asked of the server itself
guard       who is let in: host, origin, token, size of what is sent
jobs        one folder a job: `painting.ora` and `job.json`
stored      what a `job.json` says, whichever version wrote it
atomic      files that are there whole or not at all
keeper      the jobs while a server runs: their locks, versions and ages
age         how long a job was not used, whatever the time of day is
locking     one server for a folder
watching    who waits for jobs to change
supervised  background tasks that cannot end unnoticed
workers     processes that do the work, replaced when they die
uploads     what comes from outside, decoded by a worker
cameras     streams of frames
versions    paintings as they were
studio      jobs, workers and what happens to them
work        what the workers do with the library
routes      the interface, version 1
pagefiles   the page's own files: packed, and kept by browsers
app         all of it as one application
logfile     where faults are written, beside the jobs
accesslog   a line for each request
serving     the command's side: address, token, browser
"""

import logging

logging.getLogger("styfie").addHandler(logging.NullHandler())  # who runs the server says where faults are written
