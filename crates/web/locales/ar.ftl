# العربية. طريقة إضافة نص موصوفة في en.ftl.

# في عدة صفحات
sign-on-title = تسجيل الدخول
to-application = للمتابعة إلى { $application }
error-title = خطأ: { $title }
reference = المرجع { $id }
continue = متابعة
cancel = إلغاء
optional-label = { $label } (اختياري)
switch-account = استخدام حساب آخر
show-password = إظهار
hide-password = إخفاء
show-password-label = إظهار كلمة المرور
back-to-application = العودة إلى التطبيق
back-to = العودة إلى { $application }

# تسجيل الدخول
username = اسم المستخدم
password = كلمة المرور
sign-on = تسجيل الدخول
next = التالي
enter-username = أدخل اسم المستخدم.
enter-password = أدخل كلمة المرور.
enter-new-password = أدخل كلمة مرور جديدة.
invalid-username-or-password = اسم المستخدم أو كلمة المرور غير صحيحة.
account-not-usable = لا يمكن استخدام هذا الحساب.
locked-minutes = { $minutes ->
    [one] محاولات خاطئة كثيرة. أعد المحاولة بعد دقيقة واحدة.
    [two] محاولات خاطئة كثيرة. أعد المحاولة بعد دقيقتين.
    [few] محاولات خاطئة كثيرة. أعد المحاولة بعد { $minutes } دقائق.
   *[other] محاولات خاطئة كثيرة. أعد المحاولة بعد { $minutes } دقيقة.
}
locked-for-good = محاولات خاطئة كثيرة. يجب أن يفتح أحد المشرفين الحساب.
tries-left = { $count ->
    [one] بقيت محاولة واحدة.
    [two] بقيت محاولتان.
    [few] بقيت { $count } محاولات.
   *[other] بقيت { $count } محاولة.
}
value-needed = { $label }: هذه المعلومة ضرورية للمتابعة.
value-unusable = { $label }: لا يمكن قبول ما أدخلته. يرجى تصحيحه.
value-taken = { $label }: هذه القيمة مستخدمة بالفعل. يرجى إدخال قيمة أخرى.
yes = نعم
no = لا
one-per-line = قيمة واحدة في كل سطر.

# كلمة مرور يجب تغييرها
change-password-title = تغيير كلمة المرور
password-too-old = كلمة المرور قديمة ولم يعد استخدامها ممكنًا.
password-once-only = كانت كلمة المرور صالحة للاستخدام مرة واحدة فقط.
current-password = كلمة المرور الحالية
new-password = كلمة المرور الجديدة
new-password-again = كلمة المرور الجديدة مرة أخرى
change-password = تغيير كلمة المرور
wrong-current-password = ليست هذه كلمة المرور الحالية.
choose-another-password = اختر كلمة مرور جديدة أخرى.
passwords-differ = كلمتا المرور الجديدتان غير متطابقتين.

# شروط كلمة المرور الجديدة
requirement-unmet = غير مستوفى: { $requirement }
requirement-is-met = مستوفى
requirement-length = من { $min } إلى { $max } من الأحرف
list-separator = {"، "}
requirement-kinds = على الأقل: { $kinds }
requirement-capital-letters = { $count ->
    [one] حرف كبير واحد
    [two] حرفان كبيران
    [few] { $count } أحرف كبيرة
   *[other] { $count } حرفًا كبيرًا
}
requirement-small-letters = { $count ->
    [one] حرف صغير واحد
    [two] حرفان صغيران
    [few] { $count } أحرف صغيرة
   *[other] { $count } حرفًا صغيرًا
}
requirement-digits = { $count ->
    [one] رقم واحد
    [two] رقمان
    [few] { $count } أرقام
   *[other] { $count } رقمًا
}
requirement-special-characters = { $count ->
    [one] رمز خاص واحد
    [two] رمزان خاصان
    [few] { $count } رموز خاصة
   *[other] { $count } رمزًا خاصًا
}
requirement-different-characters = ما لا يقل عن { $count } من الأحرف المختلفة
requirement-repeated-characters = عدم تكرار أي حرف أكثر من { $count } مرات متتالية
requirement-complexity = طويلة أو متنوعة بما يكفي كيلا يمكن تخمينها
requirement-common = ليست من كلمات المرور الشائعة
requirement-profile = لا تحتوي على جزء من اسمك أو اسم المستخدم أو عنوانك
requirement-similar = لا تشبه كلمة المرور الحالية
requirement-current = ليست كلمة المرور الحالية
requirement-history = ليست من كلمات المرور السابقة
requirement-age = غُيّرت كلمة المرور قبل وقت قصير ولا يمكن تغييرها الآن
requirement-alphabet = بلا أحرف بالترتيب الأبجدي
requirement-digit-sequence = بلا أرقام متسلسلة
requirement-keyboard = بلا أحرف بترتيب لوحة المفاتيح
requirement-number-row = بلا رموز بترتيب لوحة المفاتيح

# الملف الشخصي
profile-title = إكمال الملف الشخصي
attribute-email = البريد الإلكتروني
attribute-name-formatted = الاسم الكامل
attribute-name-given = الاسم الأول
attribute-name-middle = الاسم الأوسط
attribute-name-family = اسم العائلة
attribute-name-honorific-prefix = لقب قبل الاسم
attribute-name-honorific-suffix = لقب بعد الاسم
attribute-nickname = الكنية
attribute-title = المسمى الوظيفي
attribute-locale = الإعدادات المحلية
attribute-preferred-language = اللغة المفضلة
attribute-timezone = المنطقة الزمنية
attribute-mobile-phone = الهاتف المحمول
attribute-primary-phone = الهاتف
attribute-address-street-address = الشارع ورقم المبنى
attribute-address-locality = المدينة
attribute-address-region = الولاية أو المنطقة
attribute-address-postal-code = الرمز البريدي
attribute-address-country-code = رمز البلد

# الاتفاقيات
agreement-accept-needed = اقبل الشروط للمتابعة.
agreement-accept = أوافق على هذه الشروط
agreement-decline = لا، شكرًا

# رموز بالبريد الإلكتروني
verify-title = تحقق من بريدك الإلكتروني
verify-sent-to = أُرسل رمز إلى { $email }. أدخله لتأكيد أن العنوان لك.
verify-no-address = يجب تأكيد حسابك بالبريد الإلكتروني وليس له عنوان. اطلب المساعدة من القائمين على التطبيق.
verification-code = رمز التحقق
verify = تأكيد
send-code-again = إرسال رمز جديد
recover-title = اختر كلمة مرور جديدة
recover-sent = إذا كان هناك حساب بهذا الاسم فقد أُرسل رمز إلى عنوان بريده الإلكتروني. الرمز صالح لمدة 5 دقائق.
recovery-code = رمز الاستعادة
recover = تعيين كلمة المرور الجديدة
forgot-password = هل نسيت كلمة المرور؟
enter-code = أدخل الرمز الوارد في الرسالة.
wrong-code = هذا الرمز غير صحيح أو لم يعد صالحًا. تحقق منه أو اطلب رمزًا جديدًا.
too-many-wrong-codes = عدد كبير جدًا من الرموز الخاطئة. اطلب رمزًا جديدًا.
try-later-minutes = محاولات كثيرة جدًا. حاول مرة أخرى بعد { $minutes } من الدقائق.

# تعذر تسجيل الدخول
failed-title = تعذر تسجيل دخولك
failed-no-usable-devices = لا يوجد لحسابك جهاز يمكن استخدامه هنا. يمكن للقائمين على التطبيق مساعدتك.
failed-action-unavailable = يتضمن تسجيل الدخول خطوة غير متاحة. يُرجى إبلاغ القائمين على التطبيق.
failed-nobody-signed-on = تعذر التعرف على هويتك. ارجع إلى التطبيق وسجّل الدخول مرة أخرى.
failed-consent-declined = لم توافق على الاتفاقية.

# بعد تسجيل الخروج
signed-off-title = تم تسجيل خروجك
signed-off = انتهت جلستك في هذا المتصفح لكل التطبيقات التي كانت تستخدمها. يمكنك إغلاق هذه الصفحة.

# في طريق العودة إلى التطبيق
form-post-title = لحظة من فضلك
form-post = أنت في طريق العودة إلى التطبيق.

# أخطاء
try-again-title = يرجى إعادة المحاولة
try-again = لم تتمكن خدمة تسجيل الدخول من الرد الآن. انتظر قليلًا ثم أعد تحميل هذه الصفحة.
flow-gone-title = لم يعد تسجيل الدخول هذا مفتوحًا
flow-gone = ربما انتهت مدته، أو اكتمل من قبل، أو بدأ في متصفح آخر. عد إلى التطبيق وسجّل الدخول من هناك. إذا لم ينفع ذلك فتأكد من أن متصفحك يقبل ملفات تعريف الارتباط.
no-cookie-title = لم يرسل هذا المتصفح ملف تعريف ارتباط
no-cookie = يحتاج تسجيل الدخول إلى ملف تعريف ارتباط من هذه الصفحة. ربما يرفض متصفحك ملفات تعريف الارتباط، أو بدأ تسجيل الدخول في متصفح آخر أو منذ وقت طويل. اسمح بها لهذا العنوان، ثم عد إلى التطبيق وسجّل الدخول من هناك.
already-signed-on-title = أنت مسجّل الدخول بالفعل
already-signed-on = اكتمل تسجيل الدخول هذا من قبل. عد إلى التطبيق، وإذا طلب ذلك مرة أخرى فابدأ من هناك.
too-many-title = محاولات كثيرة جدًا
too-many = وصلت طلبات كثيرة جدًا من اتصالك. انتظر دقيقة ثم أعد المحاولة.
nothing-here-title = لا يوجد شيء هنا
nothing-here = هذا العنوان ليس من عناوين خدمة تسجيل الدخول. تحقق من الرابط أو عد إلى التطبيق.
bad-request-title = لا يمكن تنفيذ طلب التطبيق
bad-request = هناك خطأ في الطريقة التي طلب بها التطبيق تسجيل دخولك. لا يمكنك إصلاح ذلك بنفسك: يرجى إبلاغ القائمين على التطبيق وإعطاؤهم النص أدناه.

# توصيل جهاز
device-title = توصيل جهاز
device-code-enter = أدخل الرمز الذي يعرضه جهازك.
device-code-compare = تأكد من أن جهازك يعرض هذا الرمز بالضبط.
device-code = الرمز
device-consent-title = هل تريد توصيل هذا الجهاز؟
device-consent-asks = يطلب { $application } الوصول إلى حسابك على جهاز.
device-consent-code = لا تتابع إلا إذا كان الجهاز الذي أمامك يعرض هذا الرمز:
device-consent-scopes = يحصل الجهاز على:
device-consent-warning = لا توصل جهازًا أبدًا لأن شخصًا أرسل إليك رابطًا أو رمزًا.
device-connect = توصيل
device-refuse = عدم التوصيل
device-connected-title = تم توصيل جهازك
device-connected = يمكنك إغلاق هذه الصفحة والمتابعة على جهازك.
device-failed-title = لم يتم توصيل الجهاز
enter-user-code = أدخل الرمز الذي يعرضه جهازك.
wrong-user-code = لا يوجد جهاز ينتظر بهذا الرمز. تحقق مما يعرضه جهازك.
failed-device-code-guessed = تم إدخال عدد كبير جدًا من الرموز الخاطئة. ابدأ من جديد على جهازك.
failed-device-code-expired = لم يعد الجهاز ينتظر هذا الرمز. ابدأ من جديد على جهازك.
failed-device-refused = لقد رفضت توصيل الجهاز.
failed-no-access = لا يُسمح لك باستخدام هذا التطبيق.

# Identity providers
continue-with = المتابعة باستخدام { $provider }
or = أو
external-explanation = تسجّل مؤسستك دخولك في مكان آخر.
external-failed = لم يسجّل المزوّد الآخر دخولك. حاول مرة أخرى أو سجّل الدخول بطريقة أخرى.
linking-title = ربط حسابك
linking-explanation = لقد سجّلت الدخول باستخدام { $provider } لأول مرة. سجّل الدخول هنا مرة واحدة ليتم ربط الحسابين.
link-accounts = تسجيل الدخول والربط
confirm-title = تحقق من بياناتك
confirm-explanation = أرسل إلينا { $provider } هذه البيانات عنك. صحّح ما هو خاطئ.
failed-external-sign-on = لم يسجّل المزوّد الآخر دخولك.
failed-nobody-has-the-account = حسابك لدى المزوّد الآخر غير معروف هنا.

# التسجيل
register-title = إنشاء حساب
password-again = كلمة المرور مرة أخرى
register = إنشاء الحساب
back-to-sign-on = العودة إلى تسجيل الدخول
no-account = ليس لديك حساب؟
register-now = سجّل الآن
username-taken = اسم المستخدم هذا مستخدم بالفعل. اختر اسمًا آخر.
username-unusable = لا يصلح هذا اسمًا للمستخدم. استخدم ما لا يزيد على 128 حرفًا مرئيًا.
