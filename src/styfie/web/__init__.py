"""The page and its server: a photo in the browser, painted on this computer.

asked       what is asked, as JSON: looks, settings, points
answers     what is answered
kinds       which files are taken, by their first bytes
guard       who is let in: host, origin, token, size of what is sent
jobs        one folder a job: `painting.ora` and `job.json`
workers     processes that do the work, replaced when they die
studio      jobs, workers and what happens to them
work        what the workers do with the library
routes      the interface, version 1
app         all of it as one application
serving     the command's side: address, token, browser
"""
