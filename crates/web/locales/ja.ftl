# 日本語。テキストの追加方法は en.ftl にあります。

# 複数のページ
sign-on-title = サインオン
to-application = { $application } に進みます
error-title = エラー: { $title }
reference = 参照番号 { $id }
continue = 続ける
cancel = キャンセル
optional-label = { $label }(任意)
switch-account = 別のアカウントを使う
show-password = 表示
hide-password = 非表示
show-password-label = パスワードを表示
back-to-application = アプリケーションに戻る
back-to = { $application } に戻る

# サインオン
username = ユーザー名
password = パスワード
sign-on = サインオン
next = 次へ
enter-username = ユーザー名を入力してください。
enter-password = パスワードを入力してください。
enter-new-password = 新しいパスワードを入力してください。
invalid-username-or-password = ユーザー名またはパスワードが正しくありません。
account-not-usable = このアカウントは使用できません。
locked-minutes = { $minutes ->
   *[other] パスワードの入力を何度も間違えました。{ $minutes } 分後にもう一度お試しください。
}
locked-for-good = パスワードの入力を何度も間違えました。管理者によるアカウントのロック解除が必要です。
value-needed = 続けるには{ $label }が必要です。
value-unusable = 入力された{ $label }は使用できません。修正してください。

# パスワードの変更
change-password-title = パスワードの変更
password-too-old = パスワードの有効期限が切れました。
password-once-only = このパスワードは一度しか使えません。
current-password = 現在のパスワード
new-password = 新しいパスワード
new-password-again = 新しいパスワード(確認)
change-password = パスワードを変更
wrong-current-password = 現在のパスワードが正しくありません。
choose-another-password = 別の新しいパスワードを選んでください。
passwords-differ = 新しいパスワードが一致しません。

# 新しいパスワードの条件
requirement-unmet = 未達成: { $requirement }
requirement-met = 達成: { $requirement }
requirement-length = { $min }~{ $max } 文字
list-separator = {"、"}
requirement-kinds = 次を含む: { $kinds }
requirement-capital-letters = { $count ->
   *[other] 大文字 { $count } 文字以上
}
requirement-small-letters = { $count ->
   *[other] 小文字 { $count } 文字以上
}
requirement-digits = { $count ->
   *[other] 数字 { $count } 文字以上
}
requirement-special-characters = { $count ->
   *[other] 記号 { $count } 文字以上
}
requirement-different-characters = { $count } 種類以上の文字
requirement-repeated-characters = 同じ文字の連続は { $count } 回まで
requirement-complexity = 推測されにくい十分な長さまたは複雑さ
requirement-common = 多くの人が使うパスワードではないこと
requirement-profile = 名前、ユーザー名、住所の一部を含まないこと
requirement-similar = 現在のパスワードに似ていないこと
requirement-current = 現在のパスワードと異なること
requirement-history = 以前のパスワードと異なること
requirement-age = パスワードは最近変更されたため、まだ変更できません
requirement-alphabet = アルファベット順の文字を含まないこと
requirement-digit-sequence = 連続した数字を含まないこと
requirement-keyboard = キーボードの並び順の文字を含まないこと
requirement-number-row = キーボードの並び順の記号を含まないこと

# プロフィール
profile-title = プロフィールの入力
attribute-email = メールアドレス
attribute-name-formatted = 氏名
attribute-name-given = 名
attribute-name-middle = ミドルネーム
attribute-name-family = 姓
attribute-name-honorific-prefix = 敬称(前)
attribute-name-honorific-suffix = 敬称(後)
attribute-nickname = ニックネーム
attribute-title = 役職
attribute-locale = ロケール
attribute-preferred-language = 優先言語
attribute-timezone = タイムゾーン
attribute-mobile-phone = 携帯電話
attribute-primary-phone = 電話番号
attribute-address-street-address = 番地
attribute-address-locality = 市区町村
attribute-address-region = 都道府県
attribute-address-postal-code = 郵便番号
attribute-address-country-code = 国コード

# 同意書
agreement-accept-needed = 続けるには規約に同意してください。
agreement-accept = この規約に同意します
agreement-decline = 同意しません

# サインオンの失敗
failed-title = サインオンできませんでした
failed-no-usable-devices = このアカウントで使用できるデバイスがありません。
failed-action-unavailable = サインオンポリシーに利用できない手順が含まれています。
failed-nobody-signed-on = サインオンポリシーで本人を確認できませんでした。
failed-consent-declined = 規約への同意が拒否されました。

# サインオフの後
signed-off-title = サインオフしました
signed-off = このブラウザーでのセッションは、使用していたすべてのアプリケーションで終了しました。このページを閉じてかまいません。

# アプリケーションへの戻り
form-post-title = しばらくお待ちください
form-post = アプリケーションに戻ります。

# エラー
try-again-title = もう一度お試しください
try-again = サインオンサービスが応答できませんでした。しばらく待ってから、このページを再読み込みしてください。
flow-gone-title = このサインオンは終了しています
flow-gone = 期限が切れたか、すでに完了したか、別のブラウザーで始められた可能性があります。アプリケーションに戻り、そこからサインオンしてください。それでも解決しない場合は、ブラウザーで Cookie が有効になっていることを確認してください。
already-signed-on-title = すでにサインオンしています
already-signed-on = このサインオンはすでに完了しています。アプリケーションに戻り、再び求められた場合はそこから始めてください。
nothing-here-title = ここには何もありません
nothing-here = このアドレスはサインオンサービスのものではありません。リンクを確認するか、アプリケーションに戻ってください。
bad-request-title = アプリケーションの要求を実行できません
bad-request = アプリケーションからのサインオンの要求に問題があります。ご自身では解決できません。アプリケーションの運営者に連絡し、次の内容を伝えてください。
