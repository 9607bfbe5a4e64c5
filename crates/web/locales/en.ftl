# What the pages say, in English: the language of reference.
#
# Adding a text:
#   1. A key here: small letters, digits and dashes, grouped by page. Variables are `{ $name }`; a
#      variable that stands for a number may have plural forms (see `locked-minutes`).
#   2. The same key with the same variables in every other file of this folder. A test compares them.
#   3. In a template `{{ frame.say("key") }}`; with emphasis around a variable see `frame.around`. In
#      Rust `frame.say("key")` or `frame.say_with("key", [("name", value.into())])`.
#
# The syntax is Fluent's (projectfluent.org). Texts are plain: markup in them is shown as it is
# written. The words of `sign-on-title`, `username` and `password` are what clients' tests look for.

# On several pages
sign-on-title = Sign On
to-application = to continue to { $application }
error-title = Error: { $title }
reference = Reference { $id }
continue = Continue
cancel = Cancel
optional-label = { $label } (optional)
switch-account = Use another account
show-password = Show
hide-password = Hide
show-password-label = Show password
back-to-application = Back to the application
back-to = Back to { $application }

# Sign-on
username = Username
password = Password
sign-on = Sign On
next = Next
enter-username = Enter your username.
enter-password = Enter your password.
enter-new-password = Enter a new password.
invalid-username-or-password = Invalid username and/or password.
account-not-usable = The account cannot be used.
locked-minutes = { $minutes ->
    [one] Too many wrong passwords. Try again in { $minutes } minute.
   *[other] Too many wrong passwords. Try again in { $minutes } minutes.
}
locked-for-good = Too many wrong passwords. An administrator must unlock the account.
tries-left = { $count ->
    [one] { $count } try is left.
   *[other] { $count } tries are left.
}
value-needed = { $label } is needed to go on.
value-unusable = { $label } cannot be what you entered. Please correct it.
value-taken = { $label }: somebody has entered this already. Please enter something else.
yes = Yes
no = No
one-per-line = One entry per line.

# A password that must be changed
change-password-title = Change your password
password-too-old = Your password is too old to be used any longer.
password-once-only = Your password was for one use only.
current-password = Current password
new-password = New password
new-password-again = New password again
change-password = Change password
wrong-current-password = That is not your current password.
choose-another-password = Choose another new password.
passwords-differ = The two new passwords are not the same.

# What a new password must be like
requirement-unmet = Not met: { $requirement }
requirement-is-met = Met
requirement-length = { $min } to { $max } characters
list-separator = {", "}
requirement-kinds = At least { $kinds }
requirement-capital-letters = { $count ->
    [one] { $count } capital letter
   *[other] { $count } capital letters
}
requirement-small-letters = { $count ->
    [one] { $count } small letter
   *[other] { $count } small letters
}
requirement-digits = { $count ->
    [one] { $count } digit
   *[other] { $count } digits
}
requirement-special-characters = { $count ->
    [one] { $count } special character
   *[other] { $count } special characters
}
requirement-different-characters = At least { $count } different characters
requirement-repeated-characters = No character more than { $count } times in a row
requirement-complexity = Long or varied enough not to be guessed
requirement-common = Not one of the passwords that many people use
requirement-profile = No part of your name, username or address
requirement-similar = Not like the current password
requirement-current = Not the current password
requirement-history = Not one of your former passwords
requirement-age = Your password was changed a short while ago and cannot be changed again yet
requirement-alphabet = No letters in the order of the alphabet
requirement-digit-sequence = No digits in counting order
requirement-keyboard = No letters in the order of the keyboard
requirement-number-row = No signs in the order of the keyboard

# Profile
profile-title = Complete your profile
attribute-email = Email Address
attribute-name-formatted = Formatted Name
attribute-name-given = Given Name
attribute-name-middle = Middle Name
attribute-name-family = Family Name
attribute-name-honorific-prefix = Prefix
attribute-name-honorific-suffix = Suffix
attribute-nickname = Nickname
attribute-title = Title
attribute-locale = Locale
attribute-preferred-language = Preferred Language
attribute-timezone = Time Zone
attribute-mobile-phone = Mobile Phone
attribute-primary-phone = Primary Phone
attribute-address-street-address = Street Address
attribute-address-locality = City
attribute-address-region = State or Region
attribute-address-postal-code = Postal Code
attribute-address-country-code = Country Code

# Agreements
agreement-accept-needed = Accept the terms to go on.
agreement-accept = I agree to these terms
agreement-decline = No thanks

# Codes by e-mail
verify-title = Check your e-mail
verify-sent-to = A code was sent to { $email }. Enter it to confirm that the address is yours.
verify-no-address = Your account must be confirmed by e-mail, and has no address. Ask those who run the application for help.
verification-code = Verification code
verify = Confirm
send-code-again = Send a new code
recover-title = Choose a new password
recover-sent = If there is an account of this name, a code is on its way to its e-mail address. It is valid for 5 minutes.
recovery-code = Recovery code
recover = Set new password
forgot-password = Forgot password?
enter-code = Enter the code from the e-mail.
wrong-code = This code is not right, or not valid any more. Check it, or ask for a new one.
too-many-wrong-codes = Too many wrong codes. Ask for a new one.
try-later-minutes = { $minutes ->
    [one] That was too often. Try again in { $minutes } minute.
   *[other] That was too often. Try again in { $minutes } minutes.
}

# A sign-on that failed
failed-title = You could not be signed on
failed-no-usable-devices = Your account has no device that could be used here. The people who run the application can help.
failed-action-unavailable = The sign-on has a step that is not available. Please tell the people who run the application.
failed-nobody-signed-on = It could not be found out who you are. Go back to the application and sign on again.
failed-consent-declined = You did not accept the agreement.

# After a sign-off
signed-off-title = You are signed off
signed-off = Your session in this browser has ended, for every application that used it. You can close this page.

# On the way back to the application
form-post-title = One moment
form-post = You are on your way back to the application.

# Errors
try-again-title = Please try again
try-again = The sign-on service could not answer just now. Wait a moment, then reload this page.
flow-gone-title = This sign-on is no longer open
flow-gone = It may have expired, been finished already, or been started in another browser. Go back to the application and sign on from there. If that does not help, make sure that your browser accepts cookies.
no-cookie-title = This browser sent no cookie
no-cookie = A sign-on needs a cookie of this page. Your browser may be set to refuse cookies, or the sign-on was begun in another browser or a long time ago. Allow cookies for this address, go back to the application and sign on from there.
already-signed-on-title = You are already signed on
already-signed-on = This sign-on was finished before. Go back to the application; if it asks again, start from there.
too-many-title = Too many attempts
too-many = Too many requests came from your connection. Wait a minute, then try again.
nothing-here-title = There is nothing here
nothing-here = The address is not one of this sign-on service. Check the link, or go back to the application.
bad-request-title = The application’s request cannot be carried out
bad-request = Something is wrong with how the application asked for your sign-on. You cannot mend this yourself: please tell the people who run the application, and give them the text below.

# Connecting a device
device-title = Connect a device
device-code-enter = Enter the code that your device shows.
device-code-compare = Make sure that your device shows exactly this code.
device-code = Code
device-consent-title = Connect this device?
device-consent-asks = { $application } asks for access to your account on a device.
device-consent-code = Go on only if the device in front of you shows this code:
device-consent-scopes = The device gets:
device-consent-warning = Never connect a device because somebody sent you a link or a code.
device-connect = Connect
device-refuse = Do not connect
device-connected-title = Your device is connected
device-connected = You can close this page and go on at your device.
device-failed-title = The device was not connected
enter-user-code = Enter the code that your device shows.
wrong-user-code = No device waits with this code. Check what your device shows.
failed-device-code-guessed = Too many wrong codes were entered. Begin again at your device.
failed-device-code-expired = The device does not wait for this code any more. Begin again at your device.
failed-device-refused = You refused to connect the device.
failed-no-access = You may not use this application.

# Identity providers
continue-with = Continue with { $provider }
or = or
external-explanation = Your organization signs you on at another place.
external-failed = The other provider did not sign you on. Try again, or sign on another way.
linking-title = Link your account
linking-explanation = You signed on with { $provider } for the first time. Sign on here once, and the two accounts are linked.
link-accounts = Sign on and link
confirm-title = Check your details
confirm-explanation = { $provider } told us this about you. Correct what is wrong.
failed-external-sign-on = The other provider did not sign you on.
failed-nobody-has-the-account = Your account at the other provider is not known here.

# Registration
register-title = Create an account
password-again = Password again
register = Create account
back-to-sign-on = Back to sign-on
no-account = No account yet?
register-now = Register now
username-taken = Somebody has this username already. Choose another.
username-unusable = This cannot be a username. Use up to 128 visible characters.
